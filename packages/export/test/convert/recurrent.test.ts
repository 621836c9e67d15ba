import { describe, expect, test } from 'vitest'
import { convertLayersModel } from '../../src/convert/convert.js'
import { DataType } from '../../src/onnx/model.js'
import { accepted, type Case, cases, drawn, modelOf } from '../support/cases.js'
import { countOf, expectSame } from '../support/compare.js'
import { artifactsOf, L, type Layer, on, type Symbolic, tfl } from '../support/tfjs.js'

/**
 * ONNX Runtime's recurrent kernels approximate tanh and the sigmoid by fractions of polynomials, 1e-6 off at the most, and each step
 * starts from the last one's error.
 */
const tolerance = 2e-5

// tfjs's orthogonal initializer needs methods on tensors that the bare packages do not have.
const recurrentInitializer = 'glorotNormal' as const
const units = (count: number) => ({ units: count, recurrentInitializer }) as const

const KINDS = { simpleRNN: L.simpleRNN, lstm: L.lstm, gru: L.gru } as const
const VARIANTS = [
  {},
  { returnSequences: true },
  { goBackwards: true },
  { goBackwards: true, returnSequences: true },
  { useBias: false, returnSequences: true },
] as const

cases(
  'A recurrent layer computes what tfjs does',
  Object.entries(KINDS).flatMap(([kind, make]) =>
    VARIANTS.map(
      (variant): Case => [
        `${kind} ${JSON.stringify(variant)}`,
        [5, 3],
        () => make({ ...units(4), ...variant }),
        { tolerance },
      ],
    ),
  ),
)

const ACTIVATIONS = 'tanh relu sigmoid hardSigmoid softsign softplus elu linear selu softmax swish gelu relu6'.split(
  ' ',
)
cases(
  'A recurrent layer has any activation that tfjs has',
  ACTIVATIONS.flatMap((activation): Case[] => [
    [
      `SimpleRNN with ${activation}`,
      [4, 3],
      () => L.simpleRNN({ ...units(3), activation: activation as 'relu' }),
      { tolerance },
    ],
    [
      `LSTM with ${activation}`,
      [4, 3],
      () => L.lstm({ ...units(3), activation: activation as 'relu', recurrentActivation: 'sigmoid' }),
      { tolerance },
    ],
    [
      `GRU with gates of ${activation}`,
      [4, 3],
      () => L.gru({ ...units(3), recurrentActivation: activation as 'relu' }),
      { tolerance },
    ],
  ]),
)

cases('A recurrent layer stands in a network', [
  [
    'two LSTMs',
    [5, 3],
    () => [L.lstm({ ...units(4), returnSequences: true }), L.lstm(units(2)), L.dense({ units: 3 })],
    { tolerance },
  ],
  ['after a convolution', [9, 3], () => [L.conv1d({ filters: 4, kernelSize: 3 }), L.gru(units(3))], { tolerance }],
  [
    'on a length known at run time',
    [null, 3],
    () => [L.lstm({ ...units(4), returnSequences: true }), L.simpleRNN(units(2))],
    { sizes: [6], tolerance },
  ],
  [
    'seq2seq by RepeatVector',
    [4, 3],
    () => [
      L.lstm(units(4)),
      L.repeatVector({ n: 3 }),
      L.lstm({ ...units(4), returnSequences: true }),
      L.timeDistributed({ layer: L.dense({ units: 2, activation: 'softmax' }) }),
    ],
    { tolerance },
  ],
])

cases('An RNN of cells computes what tfjs does', [
  ['one LSTM cell', [4, 3], () => L.rnn({ cell: L.lstmCell(units(4)) }), { tolerance }],
  ['one GRU cell', [4, 3], () => L.rnn({ cell: L.gruCell(units(4)), returnSequences: true }), { tolerance }],
  [
    'one simple cell, backwards',
    [4, 3],
    () => L.rnn({ cell: L.simpleRNNCell(units(4)), goBackwards: true }),
    { tolerance },
  ],
  [
    'a stack',
    [4, 3],
    () =>
      L.rnn({ cell: [L.lstmCell(units(4)), L.gruCell(units(3)), L.simpleRNNCell(units(2))], returnSequences: true }),
    { tolerance },
  ],
])

const convLstm = { filters: 3, kernelSize: [3, 2] as [number, number], recurrentInitializer }
cases('ConvLSTM2D computes what tfjs does', [
  ['by default', [3, 5, 6, 2], () => L.convLstm2d(convLstm)],
  [
    'with sequences and same padding',
    [3, 5, 6, 2],
    () => L.convLstm2d({ ...convLstm, padding: 'same', returnSequences: true }),
  ],
  ['with strides', [3, 7, 6, 2], () => L.convLstm2d({ ...convLstm, strides: 2, padding: 'same', useBias: false })],
  [
    'dilated, backwards',
    [3, 7, 8, 2],
    () => L.convLstm2d({ ...convLstm, dilationRate: 2, goBackwards: true, returnSequences: true }),
  ],
])

const MERGE_MODES = ['concat', 'sum', 'ave', 'mul'] as const
cases(
  'Bidirectional computes what tfjs does',
  Object.entries(KINDS).flatMap(([kind, make]) =>
    MERGE_MODES.flatMap((mergeMode): Case[] =>
      [false, true].map(
        (returnSequences): Case => [
          `${kind}, ${mergeMode}, sequences ${returnSequences}`,
          [5, 3],
          () => L.bidirectional({ layer: make({ ...units(4), returnSequences }) as never, mergeMode }),
          { tolerance },
        ],
      ),
    ),
  ),
)

cases('TimeDistributed computes what tfjs does', [
  ['Dense', [4, 3], () => L.timeDistributed({ layer: L.dense({ units: 5 }) })],
  ['Conv2D', [3, 5, 6, 2], () => L.timeDistributed({ layer: L.conv2d({ filters: 3, kernelSize: 2 }) })],
  [
    'Flatten after it',
    [3, 5, 6, 2],
    () => [L.timeDistributed({ layer: L.maxPooling2d({}) }), L.timeDistributed({ layer: L.flatten() })],
  ],
  [
    'on a length known at run time',
    [null, 3],
    () => L.timeDistributed({ layer: L.dense({ units: 5 }) }),
    { sizes: [4] },
  ],
  [
    'a model',
    [3, 4],
    () =>
      L.timeDistributed({
        layer: tfl.sequential({ layers: [L.dense({ units: 3, inputShape: [4] }), L.dense({ units: 2 })] }),
      }),
  ],
])

describe('The states of a recurrent layer', () => {
  test.each(Object.entries(KINDS))('of %s are outputs where return_state asks for them', async (_, make) => {
    const input = tfl.input({ shape: [5, 3] })
    const layer = make({ ...units(4), returnSequences: true, returnState: true })
    const outputs = layer.apply(input) as Symbolic[]
    await expectSame(drawn(tfl.model({ inputs: input, outputs, name: 'states' })), { tolerance })
  })

  test.each(Object.entries(KINDS))('of %s may be inputs', async (kind, make) => {
    const inputs = [tfl.input({ shape: [5, 3] }), tfl.input({ shape: [4] }), tfl.input({ shape: [4] })]
    const used = kind === 'lstm' ? inputs : inputs.slice(0, 2)
    const outputs = on(make(units(4)), used)
    await expectSame(drawn(tfl.model({ inputs: used, outputs, name: 'initial' })), { tolerance })
  })

  test('of both directions are outputs', async () => {
    const input = tfl.input({ shape: [5, 3] })
    const layer = L.bidirectional({ layer: L.lstm({ ...units(2), returnState: true }) as never, mergeMode: 'concat' })
    const outputs = layer.apply(input) as Symbolic[]
    await expectSame(drawn(tfl.model({ inputs: input, outputs, name: 'both' })), { tolerance })
  })

  test('kept from call to call are refused', async () => {
    const layer = L.lstm({ ...units(2), stateful: true, batchInputShape: [2, 3, 1] })
    const artifacts = await artifactsOf(tfl.sequential({ layers: [layer] }))
    expect(() => convertLayersModel(artifacts)).toThrow(
      /^layer lstm_LSTM\d+ \(LSTM\): stateful, expected false, found true; give the states as inputs and take them as outputs$/,
    )
  })
})

describe('A mask', () => {
  const masked: [string, () => Layer[]][] = [
    ['LSTM', () => [L.lstm(units(4))]],
    ['LSTM with sequences', () => [L.lstm({ ...units(4), returnSequences: true })]],
    ['two GRUs', () => [L.gru({ ...units(4), returnSequences: true }), L.gru(units(3))]],
    ['SimpleRNN, backwards', () => [L.simpleRNN({ ...units(4), goBackwards: true, returnSequences: true })]],
    [
      'Bidirectional',
      () => [L.bidirectional({ layer: L.lstm({ ...units(2), returnSequences: true }) as never, mergeMode: 'concat' })],
    ],
    ['Bidirectional, last step', () => [L.bidirectional({ layer: L.gru(units(2)) as never, mergeMode: 'sum' })]],
    ['through Dense and Dropout', () => [L.dense({ units: 3 }), L.dropout({ rate: 0.1 }), L.lstm(units(2))]],
    ['no layer', () => [L.dense({ units: 3 })]],
    // The mask of the encoder stays among tfjs's arguments, and masks the decoder.
    [
      'an encoder and a decoder',
      () => [L.lstm(units(3)), L.repeatVector({ n: 4 }), L.lstm({ ...units(3), returnSequences: true })],
    ],
  ]
  test.each(masked)('of an Embedding is used by %s as tfjs uses it', async (_, make) => {
    const model = modelOf([4], [L.embedding({ inputDim: 5, outputDim: 3, maskZero: true }), ...make()], 'int32')
    await expectSame(model, { draw: (random) => Math.max(0, Math.floor(random() * 8) - 3), batch: 4 })
  })

  test.each(masked)('of a Masking layer is used by %s as tfjs uses it', async (_, make) => {
    const model = modelOf([4, 1], [L.masking({ maskValue: 1 }), ...make()])
    await expectSame(model, { draw: (random) => Math.floor(random() * 3), batch: 4 })
  })

  test('leaves a convolution of a sequence alone', async () => {
    const embedding = L.embedding({ inputDim: 5, outputDim: 3, maskZero: true })
    await expectSame(modelOf([6], [embedding, L.conv1d({ filters: 2, kernelSize: 3 })], 'int32'))
  })
})

cases('Embedding computes what tfjs does', [
  ['of tokens', [4], () => L.embedding({ inputDim: 5, outputDim: 3 }), { draw: (random) => Math.floor(random() * 5) }],
  [
    'of a table of tokens',
    [2, 3],
    () => L.embedding({ inputDim: 5, outputDim: 3 }),
    { draw: (random) => random() * 5 },
  ],
])

test('A Sequential model that begins with an Embedding takes integers of any number of steps', async () => {
  const layers = [L.embedding({ inputDim: 5, outputDim: 3 }), L.lstm(units(2)), L.dense({ units: 1 })]
  const model = drawn(tfl.sequential({ layers }))
  const { converted } = await expectSame(model, { draw: (random) => Math.floor(random() * 5), sizes: [7], tolerance })
  expect(converted.graph.inputs.map(({ dataType, shape }) => [dataType, shape.length])).toEqual([[DataType.INT32, 2]])
})

test('A layer that ONNX has an operator for becomes that operator, any other a Scan', async () => {
  const fused = await expectSame(modelOf([4, 3], [L.lstm(units(2))]), { tolerance })
  expect([countOf(fused.optimized, 'LSTM'), countOf(fused.optimized, 'Scan')]).toEqual([1, 0])
  const scanned = await expectSame(modelOf([4, 3], [L.lstm({ ...units(2), activation: 'selu' })]), { tolerance })
  expect([countOf(scanned.optimized, 'LSTM'), countOf(scanned.optimized, 'Scan')]).toEqual([0, 1])
})

accepted()
