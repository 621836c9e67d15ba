import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers'
import { afterEach, describe, expect, test } from 'vitest'
import { toOnnx } from '../../src/convert/weight-binding.js'
import { trainingStep } from '../../src/gradient/training-step.js'
import { converted, crossEntropyGradients, layers, randomizeWeights, tf } from './support/layers-model.js'
import { Random } from './support/random.js'
import { relativeError } from './support/relative-error.js'
import { floats, initialState, integers, run } from './support/session.js'

const L = layers.layers

type Apply = (x: SymbolicTensor) => SymbolicTensor

interface LayerCase {
  /** The layers in question. In front of them stands a layer with weights, so that their input's gradient is seen too. */
  readonly apply: Apply
  /** Of the input, without the batch. Default [6, 5, 3]. */
  readonly shape?: readonly number[]
}

const one =
  (layer: { apply(x: SymbolicTensor): unknown }): Apply =>
  (x) =>
    layer.apply(x) as SymbolicTensor

const merged =
  (layer: { apply(x: SymbolicTensor[]): unknown }): Apply =>
  (x) =>
    layer.apply([
      x,
      L.dense({ units: x.shape.at(-1) as number, activation: 'tanh' }).apply(x) as SymbolicTensor,
    ]) as SymbolicTensor

const ACTIVATIONS = [
  'elu',
  'gelu',
  'gelu_new',
  'hardSigmoid',
  'linear',
  'mish',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'swish',
  'tanh',
] as const

/**
 * Left out, because tfjs 4.22 itself has no right gradient of it: ThresholdedReLU (none at all), average pools with padding (it divides by
 * the whole window), nearest UpSampling2D of more than one picture (it mixes the pictures), bilinear of a picture that
 * is not square. rules.test.ts and windows.test.ts have them.
 */
const CASES: Readonly<Record<string, () => LayerCase>> = {
  ...Object.fromEntries(
    ACTIVATIONS.map((activation) => [
      `activation ${activation}`,
      () => ({ apply: one(L.activation({ activation: activation as 'relu' })), shape: [7] }),
    ]),
  ),
  'advanced activations': () => ({
    apply: (x) => {
      const chain = [L.leakyReLU({ alpha: 0.2 }), L.prelu({ sharedAxes: [1, 2] }), L.elu(), L.reLU({ maxValue: 1 })]
      return chain.reduce((value, layer) => layer.apply(value) as SymbolicTensor, x)
    },
  }),
  'Add, shared and broadcast': () => ({ apply: merged(L.add()) }),
  Average: () => ({ apply: merged(L.average()) }),
  Concatenate: () => ({ apply: merged(L.concatenate({ axis: 1 })) }),
  Dot: () => ({ apply: merged(L.dot({ axes: 2 })), shape: [4, 3] }),
  Maximum: () => ({ apply: merged(L.maximum()) }),
  Minimum: () => ({ apply: merged(L.minimum()) }),
  Multiply: () => ({ apply: merged(L.multiply()) }),
  AveragePooling2D: () => ({ apply: one(L.averagePooling2d({ poolSize: [3, 2], strides: [2, 1] })) }),
  'MaxPooling2D with padding': () => ({ apply: one(L.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })) }),
  MaxPooling1D: () => ({ apply: one(L.maxPooling1d({ poolSize: 2 })), shape: [7, 3] }),
  AveragePooling1D: () => ({ apply: one(L.averagePooling1d({ poolSize: 2 })), shape: [7, 3] }),
  GlobalAveragePooling1D: () => ({ apply: one(L.globalAveragePooling1d({})), shape: [7, 3] }),
  GlobalMaxPooling2D: () => ({ apply: one(L.globalMaxPooling2d({})) }),
  Conv1D: () => ({ apply: one(L.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' })), shape: [9, 3] }),
  'Conv2D, strided': () => ({
    apply: one(L.conv2d({ filters: 4, kernelSize: [3, 2], strides: [2, 1], padding: 'same' })),
  }),
  Conv3D: () => ({ apply: one(L.conv3d({ filters: 2, kernelSize: 2, strides: [1, 2, 1] })), shape: [3, 4, 3, 2] }),
  Conv2DTranspose: () => ({
    apply: one(L.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' })),
  }),
  DepthwiseConv2D: () => ({ apply: one(L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })) }),
  SeparableConv2D: () => ({ apply: one(L.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2 })) }),
  'Cropping2D and ZeroPadding2D': () => ({
    apply: (x) =>
      L.zeroPadding2d({
        padding: [
          [1, 0],
          [2, 1],
        ],
      }).apply(
        L.cropping2D({
          cropping: [
            [1, 2],
            [0, 1],
          ],
        }).apply(x),
      ) as SymbolicTensor,
  }),
  'UpSampling2D, bilinear': () => ({
    apply: one(L.upSampling2d({ size: [2, 3], interpolation: 'bilinear' })),
    shape: [5, 5, 3],
  }),
  'Dense over the last axis': () => ({ apply: one(L.dense({ units: 4 })), shape: [5, 3] }),
  LayerNormalization: () => ({ apply: one(L.layerNormalization({ axis: -1 })), shape: [5, 4] }),
  'Permute and Reshape': () => ({
    apply: (x) => L.reshape({ targetShape: [10, 9] }).apply(L.permute({ dims: [3, 1, 2] }).apply(x)) as SymbolicTensor,
  }),
  RepeatVector: () => ({ apply: one(L.repeatVector({ n: 3 })), shape: [5] }),
  Softmax: () => ({ apply: one(L.softmax({ axis: -1 })), shape: [4, 5] }),
  TimeDistributed: () => ({
    apply: one(L.timeDistributed({ layer: L.dense({ units: 3, activation: 'relu' }) })),
    shape: [4, 5],
  }),
}

const COUNT = 3
const LABELS = [2, 0, 3]

function modelOf({ apply, shape = [6, 5, 3] }: LayerCase): LayersModel {
  const input = layers.input({ shape: [...shape] })
  const first = L.dense({ units: shape.at(-1) as number, activation: 'tanh' }).apply(input) as SymbolicTensor
  const middle = apply(first)
  const flat = middle.shape.length === 2 ? middle : (L.flatten().apply(middle) as SymbolicTensor)
  return layers.model({ inputs: input, outputs: L.dense({ units: 4 }).apply(flat) as SymbolicTensor })
}

/** Largest relative error of all gradients, and of which weight. */
async function compare(
  model: LayersModel,
  input: ReturnType<typeof tf.tensor>,
): Promise<{ loss: number; worst: [number, string] }> {
  const oracle = crossEntropyGradients(model, input, LABELS)
  const { model: graph, weights } = await converted(model, { nchw: false })
  const names = new Set(weights.map(({ initializer }) => initializer))
  const step = trainingStep(graph, { gradients: true, trainable: (name) => names.has(name) })
  const results = await run(step, {
    ...initialState(graph, step),
    image: floats(input.shape, input.dataSync()),
    label: integers([COUNT], LABELS),
  })
  let worst: [number, string] = [0, '']
  for (const binding of weights) {
    const gradient = oracle.gradients.get(binding.weight) as Float32Array
    const found = results[`${binding.initializer}.gradient`] ?? []
    const error = relativeError(found, toOnnx(binding, gradient), 1 / COUNT)
    if (error > worst[0]) worst = [error, binding.initializer]
  }
  return { loss: (results.loss?.[0] as number) / COUNT - oracle.loss, worst }
}

afterEach(() => tf.disposeVariables())

describe('a network has tfjs’s gradients with', () => {
  test.each(Object.entries(CASES))('%s', async (name, build) => {
    const random = new Random(name.length)
    const given = build()
    const model = modelOf(given)
    randomizeWeights(model, (count) => random.normals(count))
    const shape = [COUNT, ...(given.shape ?? [6, 5, 3])]
    const input = tf.tensor(random.normals(shape.reduce((product, length) => product * length, 1)), shape)
    const { loss, worst } = await compare(model, input)
    expect(Math.abs(loss)).toBeLessThan(1e-5)
    expect(worst[0], worst[1]).toBeLessThan(2e-5)
  })

  test('an Embedding whose words occur again', async () => {
    const random = new Random(1)
    const input = layers.input({ shape: [4] })
    const words = L.embedding({ inputDim: 6, outputDim: 3 }).apply(input) as SymbolicTensor
    const model = layers.model({
      inputs: input,
      outputs: L.dense({ units: 4 }).apply(L.flatten().apply(words)) as SymbolicTensor,
    })
    randomizeWeights(model, (count) => random.normals(count))
    const { loss, worst } = await compare(
      model,
      tf.tensor2d([
        [1, 1, 5, 0],
        [2, 1, 2, 2],
        [0, 0, 0, 3],
      ]),
    )
    expect(Math.abs(loss)).toBeLessThan(1e-5)
    expect(worst[0], worst[1]).toBeLessThan(1e-5)
  })
})
