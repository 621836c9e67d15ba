import type { LayersModel } from '@tensorflow/tfjs-layers'
import { describe, expect, test } from 'vitest'
import { buildNetwork, NETWORKS } from '../../src/networks/index.js'
import { fans } from '../../src/networks/initial-weights.js'
import { expandNetworks, NETWORK_NAMES } from '../../src/networks/names.js'
import { loadTfjs } from '../../src/tfjs/tfjs.js'

/** The design's table: trainable parameters, and the shape in front of the first dense layer. */
const TABLE = [
  ['lenet5', 61_706, [5, 5, 16]],
  ['lenet5-01', 81_194, [6, 6, 16]],
  ['lenet5-02', 35_820, [5, 5, 8]],
  ['lenet5-03', 61_706, [5, 5, 16]],
  ['lenet5-04', 31_786, [14, 14, 16]],
  ['alexnet', 46_764_746, [5, 5, 256]],
  ['resnet18', 11_178_378, [3, 3, 512]],
] as const

const sizeOf = (shape: readonly (number | null)[]): number => shape.reduce<number>((size, dim) => size * (dim ?? 1), 1)

/** The output shape of the last layer that is a feature map. */
function lastFeatureMap(model: LayersModel): readonly (number | null)[] {
  const shapes = model.layers.map(({ outputShape }) => outputShape as (number | null)[])
  return (shapes.filter((shape) => shape.length === 4).at(-1) ?? []).slice(1)
}

describe('the networks', () => {
  test.each(TABLE)(
    '%s has %i trainable parameters and ends its feature maps with %j',
    async (name, parameters, map) => {
      const tf = await loadTfjs()
      const model = NETWORKS[name].build(tf)
      const counted = model.trainableWeights.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
      expect(counted).toBe(parameters)
      expect(NETWORKS[name].parameters).toBe(parameters)
      expect(lastFeatureMap(model)).toEqual(map)
      expect(model.inputs.map(({ shape }) => shape)).toEqual([[null, 28, 28, 1]])
      expect(model.outputs.map(({ shape }) => shape)).toEqual([[null, 10]])
      model.dispose()
    },
  )

  test('ResNet-18 has 7,808 running statistics besides', async () => {
    const model = NETWORKS.resnet18.build(await loadTfjs())
    expect(model.nonTrainableWeights.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(7808)
    model.dispose()
  })

  test('names and groups expand to networks, each once, in order', () => {
    expect(expandNetworks(['alexnet', 'lenets', 'lenet5'])).toEqual([
      'alexnet',
      ...NETWORK_NAMES.filter((name) => name.startsWith('lenet')),
    ])
    expect(expandNetworks(['all'])).toEqual(NETWORK_NAMES)
    expect(() => expandNetworks(['lenet6'])).toThrow(
      'networks: expected lenet5, lenet5-01, lenet5-02, lenet5-03, lenet5-04, alexnet, resnet18, or the groups all, lenets, deep, found lenet6',
    )
  })
})

describe('initial weights', () => {
  test.each([
    { kernel: [5, 5, 6, 16], fanIn: 150, fanOut: 400 },
    { kernel: [1, 1, 64, 128], fanIn: 64, fanOut: 128 },
    { kernel: [400, 120], fanIn: 400, fanOut: 120 },
  ])('the fans of kernel $kernel are those that PyTorch counts', ({ kernel, fanIn, fanOut }) => {
    expect(fans(kernel)).toEqual({ fanIn, fanOut })
  })

  test('are uniform within Xavier’s bounds, and fill them', async () => {
    const model = await buildNetwork('lenet5', 0)
    // A uniform distribution of half-width b has variance b²/3; its sample's, over n values, is within 4 / √n of that for certain
    // enough (its relative standard deviation is √(4/5n)), and the largest of n values is within 10 b / n of b.
    for (const [name, bound] of [
      ['conv2/kernel', Math.sqrt(6 / (150 + 400))],
      ['fc1/kernel', Math.sqrt(6 / (400 + 120))],
      ['fc2/kernel', Math.sqrt(6 / (120 + 84))],
      ['fc1/bias', 1 / Math.sqrt(400)],
    ] as const) {
      const weight = model.weights.find(({ originalName }) => originalName === name)
      const values = (weight?.read().dataSync() ?? []) as Float32Array
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
      expect(Math.abs(mean), name).toBeLessThan((4 * bound) / Math.sqrt(3 * values.length))
      expect(Math.abs(variance / (bound ** 2 / 3) - 1), name).toBeLessThan(4 / Math.sqrt(values.length))
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      expect(largest, name).toBeLessThanOrEqual(bound)
      expect(largest, name).toBeGreaterThan(bound * (1 - 10 / values.length))
    }
    model.dispose()
  })

  test('depend on the seed and the weight’s name alone', async () => {
    const first = await weightsOf('lenet5', 7)
    expect(await weightsOf('lenet5', 7)).toEqual(first)
    const other = await weightsOf('lenet5', 8)
    for (const [name, values] of first) expect(other.get(name), name).not.toEqual(values)
    // The variant without sigmoids has the same weights under the same names.
    expect(await weightsOf('lenet5-03', 7)).toEqual(first)
  })
})

async function weightsOf(name: string, seed: number): Promise<Map<string, Float32Array>> {
  const model = await buildNetwork(name, seed)
  const weights = new Map(
    model.weights.map((weight) => [weight.originalName, weight.read().dataSync() as Float32Array]),
  )
  model.dispose()
  return weights
}
