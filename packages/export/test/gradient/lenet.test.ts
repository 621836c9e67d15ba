import type { LayersModel } from '@tensorflow/tfjs-layers'
import { describe, expect, test } from 'vitest'
import { toOnnx } from '../../src/convert/weight-binding.js'
import { trainingStep } from '../../src/gradient/training-step.js'
import { channelsLast, converted, crossEntropyGradients, layers, randomizeWeights } from './support/layers-model.js'
import { Random } from './support/random.js'
import { relativeError } from './support/relative-error.js'
import { floats, initialState, integers, openSession, run } from './support/session.js'

interface Variant {
  readonly name: string
  readonly kernel: number
  readonly channels: readonly [number, number]
  readonly activation: 'sigmoid' | 'relu'
}

const VARIANTS: readonly Variant[] = [
  { name: 'lenet5', kernel: 5, channels: [6, 16], activation: 'sigmoid' },
  { name: 'with 3×3 kernels', kernel: 3, channels: [6, 16], activation: 'sigmoid' },
  { name: 'with half the channels', kernel: 5, channels: [3, 8], activation: 'sigmoid' },
  { name: 'with ReLU', kernel: 5, channels: [6, 16], activation: 'relu' },
]

function lenet({ kernel, channels: [first, second], activation }: Variant): LayersModel {
  const { conv2d, zeroPadding2d, averagePooling2d, flatten, dense } = layers.layers
  return layers.sequential({
    layers: [
      zeroPadding2d({ padding: 2, inputShape: [28, 28, 1] }),
      conv2d({ filters: first, kernelSize: kernel, activation }),
      averagePooling2d({ poolSize: 2, strides: 2 }),
      conv2d({ filters: second, kernelSize: kernel, activation }),
      averagePooling2d({ poolSize: 2, strides: 2 }),
      flatten(),
      dense({ units: 120, activation }),
      dense({ units: 84, activation }),
      dense({ units: 10 }),
    ],
  })
}

/** lenet5-04: one convolution, one dense layer. */
function shallow(): LayersModel {
  const { conv2d, zeroPadding2d, averagePooling2d, flatten, dense } = layers.layers
  return layers.sequential({
    layers: [
      zeroPadding2d({ padding: 2, inputShape: [28, 28, 1] }),
      conv2d({ filters: 16, kernelSize: 5, activation: 'sigmoid' }),
      averagePooling2d({ poolSize: 2, strides: 2 }),
      flatten(),
      dense({ units: 10 }),
    ],
  })
}

const MODELS: readonly (readonly [string, () => LayersModel])[] = [
  ...VARIANTS.map((variant) => [variant.name, () => lenet(variant)] as const),
  ['with one convolution', shallow],
]

describe('the training step of LeNet-5', () => {
  test.each(MODELS)('%s: loss and gradients are those of tfjs', async (_, build) => {
    const random = new Random(7)
    const model = build()
    randomizeWeights(model, (count) => random.normals(count))
    const size = { n: 3, c: 1, h: 28, w: 28 }
    const pixels = Float32Array.from({ length: 3 * 28 * 28 }, () => random.uniform())
    const labels = [3, 0, 9]
    const oracle = crossEntropyGradients(model, channelsLast(pixels, size), labels)

    const { model: graph, weights } = await converted(model)
    const step = trainingStep(graph, { gradients: true })
    const results = await run(step, {
      ...initialState(graph, step),
      image: floats([3, 1, 28, 28], pixels),
      label: integers([3], labels),
    })
    expect((results.loss?.[0] as number) / 3).toBeCloseTo(oracle.loss, 5)
    expect(weights.length).toBe(oracle.gradients.size)
    for (const binding of weights) {
      const expected = toOnnx(binding, oracle.gradients.get(binding.weight) as Float32Array)
      const found = (results[`${binding.initializer}.gradient`] as number[]).map((value) => value / 3)
      // Both compute in float32, in other orders: 1e-5 is some twenty roundings of the largest terms.
      expect(relativeError(found, expected), binding.initializer).toBeLessThan(1e-5)
    }
  })

  test('has the documented inputs and outputs, and standard operators only', async () => {
    const { model: graph } = await converted(shallow())
    const step = trainingStep(graph)
    const [conv, dense] = ['conv2d', 'dense'].map((prefix) =>
      graph.graph.initializers.map(({ name }) => name).filter((name) => name.startsWith(prefix)),
    ) as [string[], string[]]
    const parameters = [...conv, ...dense]
    expect(parameters).toHaveLength(4)
    expect(step.graph.inputs.map(({ name }) => name)).toEqual(['image', 'label', 'learning_rate', ...parameters])
    expect(step.graph.outputs.map(({ name }) => name)).toEqual([
      'loss',
      'correct',
      ...parameters.map((p) => `${p}.next`),
    ])
    expect(step.graph.inputs.slice(0, 2).map(({ shape }) => shape)).toEqual([['batch', 1, 28, 28], ['batch']])
    expect(step.opsets).toEqual({ '': 17 })
    expect(new Set(step.graph.nodes.map(({ domain }) => domain))).toEqual(new Set(['']))
  })

  test('trains with one session for full and short batches, and counts what is right', async () => {
    const random = new Random(11)
    const model = shallow()
    randomizeWeights(model, (count) => random.normals(count))
    const { model: graph } = await converted(model)
    const step = trainingStep(graph)
    const session = await openSession(step)
    const state = { ...initialState(graph, step) }
    const losses: number[] = []
    for (const count of [...Array(90).fill(8), 5, 8, 1]) {
      const labels = random.integers(count, 10)
      // The picture of a digit is a bright row of its own number.
      const pixels = Float32Array.from({ length: count * 784 }, (_, index) => {
        const row = Math.floor((index % 784) / 28)
        return row === 2 * (labels[Math.floor(index / 784)] as number) ? 1 : 0
      })
      const results = await session({
        ...state,
        image: floats([count, 1, 28, 28], pixels),
        label: integers([count], labels),
        learning_rate: floats([], [0.2]),
      })
      for (const [name, { dims }] of Object.entries(state)) {
        state[name] = floats(dims, results[`${name}.next`] as number[])
      }
      expect(results.correct?.[0]).toBeLessThanOrEqual(count)
      losses.push(results.loss?.[0] as number)
    }
    const mean = (list: readonly number[]): number => list.reduce((sum, loss) => sum + loss, 0) / list.length
    expect(mean(losses.slice(-8, -3))).toBeLessThan(0.7 * mean(losses.slice(0, 5)))
  })
})
