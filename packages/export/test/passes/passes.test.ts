import { createRequire } from 'node:module'
import type * as Ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../src/errors.js'
import { GraphBuilder, ops, type Value } from '../../src/graph/index.js'
import { encodeModel } from '../../src/onnx/encode.js'
import { DataType, type Graph, type Model } from '../../src/onnx/model.js'
import { floatTensor } from '../../src/onnx/tensor.js'
import { optimizeModel, PASSES } from '../../src/passes/optimize.js'
import { normal, randomOf, uniform } from '../support/random.js'

const require = createRequire(import.meta.url)
const ort = require('onnxruntime-node') as typeof Ort

const random = randomOf(7)
const numbers = (count: number, draw = () => normal(random)) => Float32Array.from({ length: count }, draw)
const weight = (g: GraphBuilder, name: string, dims: number[], draw?: () => number): Value =>
  g.initializer(
    floatTensor(
      name,
      dims,
      numbers(
        dims.reduce((a, b) => a * b, 1),
        draw,
      ),
    ),
  )

/** A graph of x: [N, 3, 6, 5]. */
function graphOf(build: (g: GraphBuilder, x: Value) => Value, shape: number[] = [3, 6, 5]): Model {
  const g = new GraphBuilder('g')
  const x = g.input({ name: 'x', dataType: DataType.FLOAT, shape: ['batch', ...shape] })
  g.output(build(g, x))
  return {
    irVersion: 8,
    opsets: { '': 17 },
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0,
    docString: '',
    graph: g.graph(),
    metadata: {},
  }
}

function normalization(g: GraphBuilder, x: Value, channels: number, name = 'bn'): Value {
  const [scale, bias, mean] = ['scale', 'bias', 'mean'].map((part) => weight(g, `${name}.${part}`, [channels]))
  const variance = weight(g, `${name}.variance`, [channels], () => uniform(random, 0.2, 2))
  return ops.batchNormalization(g, { x, scale: scale as Value, bias: bias as Value, mean: mean as Value, variance })
}

async function outputOf(model: Model, level: 'disabled' | 'all' = 'disabled'): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: level,
    intraOpNumThreads: 1,
  })
  const shape = model.graph.inputs[0]?.shape.map((dim) => (typeof dim === 'number' ? dim : 2)) ?? []
  const own = randomOf(3)
  const x = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => normal(own))
  const results = await session.run({ x: new ort.Tensor('float32', x, shape) })
  await session.release()
  return Object.values(results)[0]?.data as Float32Array
}

const opTypes = ({ nodes }: Graph): string => nodes.map(({ opType }) => opType).join(' ')

/** Title, graph, its operators after the passes. */
const REWRITES: readonly [title: string, model: Model, expected: string][] = [
  [
    'a batch normalization goes into the convolution before it',
    graphOf((g, x) => normalization(g, ops.conv(g, [x, weight(g, 'w', [4, 3, 3, 3]), weight(g, 'b', [4])]), 4)),
    'Conv',
  ],
  [
    'also where that has no bias',
    graphOf((g, x) => normalization(g, ops.conv(g, [x, weight(g, 'w', [4, 3, 3, 3])]), 4)),
    'Conv',
  ],
  [
    'also into a depthwise one',
    graphOf((g, x) => normalization(g, ops.conv(g, [x, weight(g, 'w', [6, 1, 3, 3])], { group: 3 }), 6)),
    'Conv',
  ],
  [
    'also into a transposed one',
    graphOf((g, x) =>
      normalization(g, ops.convTranspose(g, [x, weight(g, 'w', [3, 4, 2, 3]), weight(g, 'b', [4])]), 4),
    ),
    'ConvTranspose',
  ],
  [
    'but not into a transposed one of groups',
    graphOf((g, x) => normalization(g, ops.convTranspose(g, [x, weight(g, 'w', [3, 2, 2, 3])], { group: 3 }), 6)),
    'ConvTranspose BatchNormalization',
  ],
  [
    'also into a Gemm of a transposed weight',
    graphOf((g, x) =>
      normalization(
        g,
        ops.gemm(g, [ops.flatten(g, x), weight(g, 'w', [4, 90]), weight(g, 'b', [4])], { transB: 1 }),
        4,
      ),
    ),
    'Flatten Gemm',
  ],
  [
    'also into a Gemm',
    graphOf((g, x) => normalization(g, ops.gemm(g, [ops.flatten(g, x), weight(g, 'w', [90, 4])]), 4)),
    'Flatten Gemm',
  ],
  [
    'but not where the convolution is needed elsewhere',
    graphOf((g, x) => {
      const y = ops.conv(g, [x, weight(g, 'w', [4, 3, 1, 1])])
      return ops.add(g, normalization(g, y, 4), y)
    }),
    'Conv BatchNormalization Add',
  ],
  [
    'a weight shared by two convolutions is scaled for one alone',
    graphOf((g, x) => {
      const w = weight(g, 'w', [3, 3, 1, 1])
      return ops.conv(g, [normalization(g, ops.conv(g, [x, w]), 3), w])
    }),
    'Conv Conv',
  ],
  [
    'a zero padding goes into the convolution after it',
    graphOf((g, x) =>
      ops.conv(g, [ops.pad(g, x, g.int64s([0, 0, 1, 2, 0, 0, 0, 3])), weight(g, 'w', [4, 3, 3, 3])], {
        pads: [1, 0, 0, 1],
      }),
    ),
    'Conv',
  ],
  [
    'into an average pool, whose zeros then count',
    graphOf((g, x) => ops.averagePool(g, ops.pad(g, x, g.int64s([0, 0, 1, 1, 0, 0, 1, 1])), { kernelShape: [3, 3] })),
    'AveragePool',
  ],
  [
    'into a max pool of numbers from 0 on',
    graphOf((g, x) =>
      ops.maxPool(g, ops.pad(g, ops.relu(g, x), g.int64s([0, 0, 1, 1, 0, 0, 1, 1])), { kernelShape: [3, 3] }),
    ),
    'Relu MaxPool',
  ],
  [
    'but not into one of numbers below',
    graphOf((g, x) => ops.maxPool(g, ops.pad(g, x, g.int64s([0, 0, 1, 1, 0, 0, 1, 1])), { kernelShape: [3, 3] })),
    'Pad MaxPool',
  ],
  [
    'nor into a pool of which a window lies in the zeros alone',
    graphOf((g, x) =>
      ops.maxPool(g, ops.pad(g, ops.relu(g, x), g.int64s([0, 0, 2, 2, 0, 0, 2, 2])), { kernelShape: [2, 2] }),
    ),
    'Relu Pad MaxPool',
  ],
  [
    'two paddings of zeros become one',
    graphOf((g, x) =>
      ops.relu(g, ops.pad(g, ops.pad(g, x, g.int64s([0, 0, 1, 0, 0, 0, 0, 2])), g.int64s([0, 1, 0, 2, 0, 0, 3, 0]))),
    ),
    'Pad Relu',
  ],
  [
    'but not one of zeros and one of ones',
    graphOf((g, x) =>
      ops.relu(
        g,
        ops.pad(g, ops.pad(g, x, g.int64s([0, 0, 1, 1, 0, 0, 1, 1]), g.scalar(1)), g.int64s([0, 0, 1, 1, 0, 0, 1, 1])),
      ),
    ),
    'Pad Pad Relu',
  ],
  [
    'nor do two go into a pool that each alone would',
    graphOf((g, x) =>
      ops.averagePool(
        g,
        ops.pad(g, ops.pad(g, x, g.int64s([0, 0, 1, 0, 0, 0, 1, 0])), g.int64s([0, 0, 2, 0, 0, 0, 0, 0])),
        { kernelShape: [3, 1] },
      ),
    ),
    'Pad AveragePool',
  ],
  [
    'nor one behind another that stays',
    graphOf((g, x) =>
      ops.averagePool(
        g,
        ops.pad(g, ops.pad(g, x, g.int64s([0, 0, 1, 1, 0, 0, 1, 1]), g.scalar(1)), g.int64s([0, 0, 1, 1, 0, 0, 1, 1])),
        { kernelShape: [3, 3] },
      ),
    ),
    'Pad Pad AveragePool',
  ],
  [
    'two transpositions that undo each other go',
    graphOf((g, x) =>
      ops.relu(g, ops.transpose(g, ops.transpose(g, x, { perm: [0, 2, 3, 1] }), { perm: [0, 3, 1, 2] })),
    ),
    'Relu',
  ],
  [
    'also across what works element by element',
    graphOf((g, x) =>
      ops.transpose(g, ops.tanh(g, ops.relu(g, ops.transpose(g, x, { perm: [0, 2, 3, 1] }))), { perm: [0, 3, 1, 2] }),
    ),
    'Relu Tanh',
  ],
  [
    'two others become one',
    graphOf((g, x) =>
      ops.relu(g, ops.transpose(g, ops.transpose(g, x, { perm: [0, 2, 3, 1] }), { perm: [0, 2, 1, 3] })),
    ),
    'Transpose Relu',
  ],
  [
    'one whose result is needed stays',
    graphOf((g, x) => {
      const y = ops.transpose(g, x, { perm: [0, 2, 3, 1] })
      return ops.add(
        g,
        ops.relu(g, ops.transpose(g, y, { perm: [0, 3, 1, 2] })),
        ops.transpose(g, ops.relu(g, y), { perm: [0, 3, 1, 2] }),
      )
    }),
    'Relu Relu Add',
  ],
  [
    'what changes nothing goes',
    graphOf((g, x) =>
      ops.relu(g, ops.identity(g, ops.dropout(g, ops.pad(g, x, g.int64s([0, 0, 0, 0, 0, 0, 0, 0])), g.scalar(0.5)))),
    ),
    'Relu',
  ],
  ['also at an output of the graph', graphOf((g, x) => ops.identity(g, ops.relu(g, x))), 'Relu'],
  [
    'an operator of constants becomes its result',
    graphOf((g, x) => {
      const [a, b] = [weight(g, 'a', [3, 1]), weight(g, 'b', [1, 5])]
      const c = ops.sqrt(g, ops.mul(g, ops.sub(g, a, b), ops.sub(g, a, b)))
      return ops.mul(
        g,
        x,
        ops.transpose(g, ops.reshape(g, ops.concat(g, [c, c], { axis: 0 }), g.int64s([6, -1])), { perm: [0, 1] }),
      )
    }),
    'Mul',
  ],
  [
    'also a transposition of one',
    graphOf((g, x) => ops.matMul(g, x, ops.transpose(g, weight(g, 'w', [4, 5]), { perm: [1, 0] }))),
    'MatMul',
  ],
]

describe('After the passes', () => {
  test.each(REWRITES)('%s', async (_, model, expected) => {
    const { model: optimized } = optimizeModel(model)
    expect(opTypes(optimized.graph)).toBe(expected)
    const [before, after] = [await outputOf(model), await outputOf(optimized)]
    const scale = before.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
    const error = before.reduce(
      (largest, value, index) => Math.max(largest, Math.abs(value - (after[index] ?? Number.NaN))),
      0,
    )
    expect(error / scale).toBeLessThanOrEqual(1e-6)
  })

  test('equal constants are one', () => {
    const model = graphOf(
      (g, x) => {
        const [a, b] = ['a', 'b'].map((name) => g.initializer(floatTensor(name, [2], [1, 2])))
        const other = g.initializer(floatTensor('c', [1, 2], [1, 2]))
        return ops.add(g, ops.add(g, ops.add(g, x, a as Value), b as Value), other)
      },
      [2],
    )
    const { model: optimized } = optimizeModel(model, { without: ['fold-constants'] })
    expect(optimized.graph.initializers.map(({ name }) => name)).toEqual(['a', 'c'])
  })

  test('the graph that they were given is as it was', () => {
    const [, model] = REWRITES[0] as (typeof REWRITES)[number]
    const before = structuredClone(model)
    optimizeModel(model)
    expect(model).toEqual(before)
  })
})

describe('A pass', () => {
  test.each(PASSES.map(({ name }) => name))('%s can be left out', (name) => {
    for (const [, model] of REWRITES) {
      expect(optimizeModel(model, { without: [name] }).reports.map(({ pass }) => pass)).not.toContain(name)
    }
  })

  test('left out leaves what it would have rewritten', () => {
    const [, model] = REWRITES[0] as (typeof REWRITES)[number]
    expect(opTypes(optimizeModel(model, { without: ['fold-batch-normalization'] }).model.graph)).toBe(
      'Conv BatchNormalization',
    )
  })

  test('that does not exist is refused with those that do', () => {
    const [, model] = REWRITES[0] as (typeof REWRITES)[number]
    expect(() => optimizeModel(model, { without: ['magic'] })).toThrow(UserError)
    expect(() => optimizeModel(model, { without: ['magic'] })).toThrow(
      /^without: expected passes among .*, found magic$/,
    )
  })

  test('reports what it rewrote, and why it left a candidate', () => {
    const [, model] = REWRITES.find(([title]) =>
      title.startsWith('but not into one of numbers'),
    ) as (typeof REWRITES)[number]
    const report = optimizeModel(model).reports.find(({ pass }) => pass === 'fuse-padding')
    expect(report?.rewritten).toEqual([])
    expect(report?.kept.map(({ reason }) => reason)).toEqual([
      'x may be negative: a MaxPool pads with −∞, not with zeros',
    ])
  })

  test('that changes weights is left out of a graph to be trained, where Dropout stays', () => {
    const model = graphOf((g, x) =>
      ops.dropout(g, normalization(g, ops.conv(g, [x, weight(g, 'w', [4, 3, 3, 3])]), 4), g.scalar(0.5)),
    )
    const { model: optimized, reports } = optimizeModel(model, { training: true })
    expect(opTypes(optimized.graph)).toBe('Conv BatchNormalization Dropout')
    const names = PASSES.filter(({ keepsWeights }) => keepsWeights).map(({ name }) => name)
    expect(reports.map(({ pass }) => pass)).toEqual(names)
  })
})
