import { describe, expect, test } from 'vitest'
import {
  initialOptimizerState,
  type TrainingStepOptions,
  trainingStep,
  updateStep,
} from '../../src/gradient/training-step.js'
import * as op from '../../src/graph/ops/index.js'
import { DataType, type Model } from '../../src/onnx/model.js'
import { tf } from './support/layers-model.js'
import { alexNet, lenet5, NARROW_ALEXNET, NetworkBuilder, randomBatch } from './support/networks.js'
import { Random } from './support/random.js'
import { relativeError } from './support/relative-error.js'
import { type Feeds, floats, initialState, integers, openSession, run } from './support/session.js'

/** Two dense layers on a 4×4 picture. */
function network(classes = 3): Model {
  const n = new NetworkBuilder('dense', 3)
  return n.logits(op.tanh(n.g, n.dense('hidden', op.flatten(n.g, n.image(4)), 7)), classes)
}

const size = [5, 1, 4, 4]
const pixels = new Random(8).normals(80)

describe('losses', () => {
  const logitsOf = async (model: Model): Promise<readonly number[]> => {
    const { logits } = await run(model, { image: floats(size, pixels) })
    return logits as readonly number[]
  }

  test('the sigmoid cross-entropy is tfjs’s, and so is its gradient', async () => {
    const model = network()
    const target = Float32Array.from({ length: 15 }, (_, index) => index % 2)
    const step = trainingStep(model, { loss: 'sigmoid-cross-entropy', gradients: true })
    const found = await run(step, {
      ...initialState(model, step),
      image: floats(size, pixels),
      label: floats([5, 3], target),
    })
    const logits = await logitsOf(model)
    const { value, grad } = tfLoss(logits, (z) => tf.losses.sigmoidCrossEntropy(tf.tensor2d(target, [5, 3]), z))
    expect((found.loss?.[0] as number) / 5).toBeCloseTo(value, 5)
    expect(relativeError(biasGradient(found), grad)).toBeLessThan(1e-5)
    const right = [0, 1, 2, 3, 4].filter((row) =>
      [0, 1, 2].every((k) => (logits[3 * row + k] as number) > 0 === (target[3 * row + k] === 1)),
    )
    expect(found.correct).toEqual([right.length])
  })

  test('the mean squared error is tfjs’s, and so is its gradient; nothing is correct or not', async () => {
    const model = network()
    const target = new Random(2).normals(15)
    const step = trainingStep(model, { loss: 'mean-squared-error', gradients: true })
    const found = await run(step, {
      ...initialState(model, step),
      image: floats(size, pixels),
      label: floats([5, 3], target),
    })
    const { value, grad } = tfLoss(await logitsOf(model), (z) =>
      tf.losses.meanSquaredError(tf.tensor2d(target, [5, 3]), z),
    )
    expect((found.loss?.[0] as number) / 5).toBeCloseTo(value, 5)
    expect(relativeError(biasGradient(found), grad)).toBeLessThan(1e-5)
    expect(found.correct).toBeUndefined()
  })

  test('neither overflows nor loses a row for logits of 1000', async () => {
    const n = new NetworkBuilder('huge', 1)
    const x = op.mul(n.g, op.flatten(n.g, n.image(4)), n.g.scalar(1e4))
    const model = n.logits(x, 3)
    for (const loss of ['softmax-cross-entropy', 'sigmoid-cross-entropy'] as const) {
      const step = trainingStep(model, { loss })
      const label =
        loss === 'softmax-cross-entropy' ? integers([5], [0, 1, 2, 0, 1]) : floats([5, 3], new Float32Array(15))
      const found = await run(step, {
        ...initialState(model, step),
        image: floats(size, pixels),
        label,
        learning_rate: floats([], [0.1]),
      })
      for (const [name, values] of Object.entries(found)) expect(values.every(Number.isFinite), name).toBe(true)
    }
  })

  /** The last layer's bias: the gradient of the logits summed over the rows. */
  const biasGradient = (found: Readonly<Record<string, readonly number[]>>): number[] =>
    (found['classifier.bias.gradient'] ?? []).map((value) => value / 5)

  function tfLoss(
    logits: readonly number[],
    loss: (z: ReturnType<typeof tf.tensor2d>) => ReturnType<typeof tf.tensor>,
  ) {
    return tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad((z) => loss(z as ReturnType<typeof tf.tensor2d>))(
        tf.tensor2d([...logits], [5, 3]),
      )
      return { value: value.dataSync()[0] as number, grad: [...tf.sum(grad, 0).dataSync()] }
    })
  }
})

describe('optimisers', () => {
  test.each(['sgd', 'momentum', 'adam'] as const)('five steps of %s are tfjs’s', async (optimizer) => {
    const oracle = {
      sgd: () => tf.train.sgd(0.05),
      momentum: () => tf.train.momentum(0.05, 0.9),
      adam: () => tf.train.adam(0.05, 0.9, 0.999, 1e-8),
    }[optimizer]()
    const model = network()
    const step = trainingStep(model, { optimizer })
    const session = await openSession(step)
    const start = initialState(model, step)
    const state: Record<string, Feeds[string]> = { ...start, ...optimizerState(step, optimizer) }
    const variables = Object.entries(start).map(([name, { dims, values }]) =>
      tf.variable(tf.tensor(values as Float32Array, [...dims]), true, name),
    )
    const labels = [0, 1, 2, 0, 2]
    for (let count = 0; count < 5; count++) {
      const results = await session({
        ...state,
        image: floats(size, pixels),
        label: integers([5], labels),
        learning_rate: floats([], [0.05]),
      })
      for (const [name, { dims }] of Object.entries(state)) {
        const next = results[`${name}.next`] as number[]
        state[name] = name === 'step' ? integers(dims, next) : floats(dims, next)
      }
      const [w1, b1, w2, b2] = variables as [
        (typeof variables)[0],
        (typeof variables)[0],
        (typeof variables)[0],
        (typeof variables)[0],
      ]
      oracle.minimize(
        () => {
          const x = tf.tensor2d(pixels, [5, 16])
          const hidden = tf.tanh(tf.add(tf.matMul(x, w1 as never, false, true), b1))
          const logits = tf.add(tf.matMul(hidden as never, w2 as never, false, true), b2)
          return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d(labels, 'int32'), 3), logits) as never
        },
        false,
        variables,
      )
    }
    for (const variable of variables) {
      expect(
        relativeError((state[variable.name] as Feeds[string]).values as Float32Array, variable.dataSync()),
        variable.name,
      ).toBeLessThan(2e-5)
    }
    if (optimizer === 'adam') expect(Number((state.step as Feeds[string]).values[0])).toBe(5)
    tf.disposeVariables()
  })

  function optimizerState(step: Model, optimizer: 'sgd' | 'momentum' | 'adam'): Feeds {
    return Object.fromEntries(
      initialOptimizerState(step, { optimizer }).map(({ name, dims, dataType, data }) => [
        name,
        dataType === DataType.INT64
          ? { dims, values: new BigInt64Array(data.slice().buffer) }
          : { dims, values: new Float32Array(data.slice().buffer) },
      ]),
    )
  }
})

describe('micro-batches', () => {
  test.each(['sgd', 'adam'] as const)(
    'summed over parts of a batch, %s takes the step of the whole batch',
    async (optimizer) => {
      const model = lenet5(2)
      const { pixels: image, labels } = randomBatch(5, 7)
      const options: TrainingStepOptions = { optimizer }
      const whole = trainingStep(model, options)
      const part = await openSession(trainingStep(model, { ...options, gradients: true }))
      const update = updateStep(model, options)
      const zeros = Object.fromEntries(
        initialOptimizerState(whole, options).map(({ name, dims, dataType, data }) => [
          name,
          dataType === DataType.INT64 ? integers(dims, [0]) : floats(dims, new Float32Array(data.byteLength / 4)),
        ]),
      )
      const state = initialState(model, whole)
      const rate = { learning_rate: floats([], [0.1]) }
      const expected = await run(whole, {
        ...state,
        ...zeros,
        ...rate,
        image: floats([7, 1, 28, 28], image),
        label: integers([7], labels),
      })

      const sums: Record<string, number[]> = {}
      for (const [start, end] of [
        [0, 3],
        [3, 6],
        [6, 7],
      ] as const) {
        const results = await part({
          ...state,
          image: floats([end - start, 1, 28, 28], image.subarray(start * 784, end * 784)),
          label: integers([end - start], labels.slice(start, end)),
        })
        for (const [name, values] of Object.entries(results))
          sums[name] = values.map((value, index) => value + (sums[name]?.[index] ?? 0))
      }
      const gradients = Object.entries(state).map(([name, { dims }]) => [
        `${name}.gradient`,
        floats(dims, sums[`${name}.gradient`] ?? []),
      ])
      const found = await run(update, {
        ...state,
        ...zeros,
        ...rate,
        count: floats([], [7]),
        ...Object.fromEntries(gradients),
      })
      expect((sums.loss?.[0] as number) / 7).toBeCloseTo(expected.loss?.[0] as number, 5)
      expect(sums.correct).toEqual(expected.correct)
      for (const [name, values] of Object.entries(found)) {
        expect(relativeError(values, expected[name] ?? []), name).toBeLessThan(optimizer === 'sgd' ? 1e-6 : 1e-3)
      }
    },
  )
})

describe('frozen layers', () => {
  test('cost no gradient, and stay constants', () => {
    const model = alexNet(1, NARROW_ALEXNET)
    const all = trainingStep(model)
    const head = trainingStep(model, { trainable: (name) => name.startsWith('classifier') })
    expect(head.graph.inputs.map(({ name }) => name)).toEqual([
      'image',
      'label',
      'learning_rate',
      'seed',
      'classifier.weight',
      'classifier.bias',
    ])
    expect(
      head.graph.nodes.filter(({ name }) => name.startsWith('gradient/')).map(({ name }) => name.split('/')[1]),
    ).toEqual(['classifier', 'classifier'])
    expect(all.graph.nodes.length).toBeGreaterThan(head.graph.nodes.length + 60)
  })
})

/** The same network with one activation more, which is its output. */
function ending(opType: 'Softmax' | 'Sigmoid', axis = -1): Model {
  const model = network()
  const { nodes, outputs } = model.graph
  const attributes = opType === 'Softmax' ? { axis: { type: 'INT' as const, value: axis } } : {}
  const last = { opType, domain: '', name: 'last', inputs: ['logits'], outputs: ['scores'], attributes }
  const named = outputs.map((info) => ({ ...info, name: 'scores' }))
  return { ...model, graph: { ...model.graph, nodes: [...nodes, last], outputs: named } }
}

describe('a model that ends in the activation of its loss', () => {
  test.each([
    ['Softmax', 'softmax-cross-entropy', -1],
    ['Softmax', 'softmax-cross-entropy', 1],
    ['Sigmoid', 'sigmoid-cross-entropy', -1],
  ] as const)('is trained on what goes into it: %s, %s, axis %i', (opType, loss, axis) => {
    const [ended, bare] = [trainingStep(ending(opType, axis), { loss }), trainingStep(network(), { loss })]
    expect(ended.graph.nodes).toEqual(bare.graph.nodes)
    expect(ended.graph.inputs).toEqual(bare.graph.inputs)
  })

  test('is trained on its output by another loss', () => {
    const step = trainingStep(ending('Softmax'), { loss: 'mean-squared-error' })
    expect(step.graph.nodes.map(({ name }) => name)).toContain('last')
  })
})

describe('it refuses', () => {
  const message = (make: () => unknown): string => {
    try {
      make()
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }

  test('a model without parameters', () => {
    expect(message(() => trainingStep(network(), { trainable: () => false }))).toBe(
      'model dense: expected parameters to train, found none',
    )
  })

  test('an output that is not there', () => {
    expect(message(() => trainingStep(network(), { logits: 'scores' }))).toBe(
      'model dense: expected an output scores, found logits',
    )
  })

  test('an operator without a rule, by name, where a gradient must pass', () => {
    const n = new NetworkBuilder('odd', 3)
    const flat = n.dense('hidden', op.flatten(n.g, n.image(4)), 7)
    const model = n.logits(n.g.op('Hardmax', [flat], { name: 'odd' }))
    expect(message(() => trainingStep(model))).toMatch(
      /^node odd: expected an operator with a gradient rule \(Abs, .*\), found Hardmax$/,
    )
    // In front of all that is trained it does no harm.
    expect(message(() => trainingStep(model, { trainable: (name) => name.startsWith('classifier') }))).toBe('')
  })

  test('an unknown picture size where a gradient needs it', () => {
    const n = new NetworkBuilder('dynamic', 3)
    const image = n.g.input({ name: 'image', dataType: DataType.FLOAT, shape: ['batch', 1, 'height', 'width'] })
    const first = n.conv('conv1', image, 2, { kernel: 3 })
    const model = n.logits(op.flatten(n.g, op.globalMaxPool(n.g, n.conv('conv2', first, 2, { kernel: 3 }))))
    expect(message(() => trainingStep(model))).toMatch(
      /gradient needs a known input size, found .*: give the model's input its size$/,
    )
  })
})
