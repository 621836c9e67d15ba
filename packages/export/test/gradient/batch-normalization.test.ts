import { describe, expect, test } from 'vitest'
import { toOnnx } from '../../src/convert/weight-binding.js'
import { trainingStep } from '../../src/gradient/training-step.js'
import * as op from '../../src/graph/ops/index.js'
import type { Model } from '../../src/onnx/model.js'
import { channelsLast, converted, crossEntropyGradients, layers, randomizeWeights, tf } from './support/layers-model.js'
import { NetworkBuilder } from './support/networks.js'
import { Random } from './support/random.js'
import { relativeError } from './support/relative-error.js'
import { floats, initialState, integers, run } from './support/session.js'

/** Batch normalization of the picture itself. */
function network(size: number, momentum: number): Model {
  const n = new NetworkBuilder('bn', 4)
  const normal = n.batchNorm('bn', n.image(size), momentum)
  return n.logits(op.flatten(n.g, op.globalAveragePool(n.g, normal)))
}

async function statistics(model: Model, pixels: Float32Array, [count, size]: readonly [number, number]) {
  const step = trainingStep(model)
  const results = await run(step, {
    ...initialState(model, step),
    image: floats([count, 1, size, size], pixels),
    label: integers([count], Array(count).fill(1)),
    learning_rate: floats([], [0.1]),
  })
  return {
    mean: results['bn.running_mean.next']?.[0] as number,
    variance: results['bn.running_var.next']?.[0] as number,
  }
}

describe('running statistics', () => {
  test('move by the momentum, with the unbiased variance, to 1e-6 over a million numbers far from 0', async () => {
    const [count, size] = [256, 64]
    const random = new Random(3)
    const pixels = Float32Array.from({ length: count * size * size }, () => 5 + random.uniform())
    const model = network(size, 0.75)
    const [oldMean, oldVariance] = ['bn.running_mean', 'bn.running_var'].map((name) => {
      const tensor = model.graph.initializers.find((initializer) => initializer.name === name)
      return new Float32Array((tensor?.data ?? new Uint8Array(4)).slice().buffer)[0] as number
    }) as [number, number]
    // In float64.
    const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length
    const squares = Float64Array.from(pixels, (value) => (value - mean) ** 2).reduce((sum, value) => sum + value, 0)
    const variance = squares / (pixels.length - 1)
    const found = await statistics(model, pixels, [count, size])
    expect(Math.abs(found.mean / (0.75 * oldMean + 0.25 * mean) - 1)).toBeLessThan(1e-6)
    expect(Math.abs(found.variance / (0.75 * oldVariance + 0.25 * variance) - 1)).toBeLessThan(1e-6)
  })

  test('of a batch of one number stay finite', async () => {
    const found = await statistics(network(1, 0.5), Float32Array.of(2), [1, 1])
    expect([found.mean, found.variance].every(Number.isFinite)).toBe(true)
  })
})

test('a layer that is called twice moves its statistics twice', async () => {
  const n = new NetworkBuilder('twice', 4)
  const x = n.image(2)
  const once = n.batchNorm('bn', x, 0.5)
  const [first] = n.g.graph().nodes
  const again = n.g.op('BatchNormalization', [once, ...(first?.inputs.slice(1) ?? []).map((name) => n.g.value(name))], {
    name: 'again',
    attributes: first?.attributes ?? {},
  })
  const model = n.logits(op.flatten(n.g, again))
  const found = await statistics(model, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 2])
  const value = (name: string): number => {
    const tensor = model.graph.initializers.find((initializer) => initializer.name === name)
    return new Float32Array((tensor?.data ?? new Uint8Array(4)).slice().buffer)[0] as number
  }
  // The first call sees mean 4.5 and unbiased variance 6; the second, normalised numbers: mean bias, variance scale² · 8/7.
  const mean = 0.5 * (0.5 * value('bn.running_mean') + 0.5 * 4.5) + 0.5 * value('bn.bias')
  const variance = 0.5 * (0.5 * value('bn.running_var') + 0.5 * 6) + (0.5 * value('bn.weight') ** 2 * 8) / 7
  expect(found.mean).toBeCloseTo(mean, 5)
  expect(found.variance).toBeCloseTo(variance, 4)
})

describe('a network with batch normalization and a residual', () => {
  function build() {
    const { conv2d, batchNormalization, reLU, add, globalAveragePooling2d, dense, maxPooling2d } = layers.layers
    const input = layers.input({ shape: [8, 9, 2] })
    const first = conv2d({ filters: 3, kernelSize: 3, padding: 'same' }).apply(input)
    const normal = reLU().apply(batchNormalization({ momentum: 0.8, epsilon: 1e-3 }).apply(first))
    const pooled = maxPooling2d({ poolSize: 3, strides: 2, padding: 'valid' }).apply(normal)
    const second = batchNormalization().apply(conv2d({ filters: 3, kernelSize: 3, padding: 'same' }).apply(pooled))
    const sum = reLU().apply(add().apply([second, pooled] as ReturnType<typeof layers.input>[]))
    const output = dense({ units: 4 }).apply(globalAveragePooling2d({}).apply(sum))
    return layers.model({ inputs: input, outputs: output as ReturnType<typeof layers.input> })
  }

  /** The layers' momenta, the second's Keras's default, and how many numbers a channel has. */
  const LAYERS = [
    { kept: 0.8, count: 5 * 8 * 9 },
    { kept: 0.99, count: 5 * 3 * 4 },
  ]

  test('has tfjs’s gradients, and its running means; tfjs’s running variance is the biased one', async () => {
    const random = new Random(9)
    const model = build()
    randomizeWeights(model, (count) => random.normals(count))
    const size = { n: 5, c: 2, h: 8, w: 9 }
    const pixels = random.normals(5 * 2 * 8 * 9)
    const labels = [0, 1, 2, 3, 1]
    const { model: graph, weights } = await converted(model)
    const names = new Set(weights.map(({ initializer }) => initializer))
    const step = trainingStep(graph, { gradients: true, trainable: (name) => names.has(name) })
    const results = await run(step, {
      ...initialState(graph, step),
      image: floats([5, 2, 8, 9], pixels),
      label: integers([5], labels),
    })
    // tfjs moves the statistics as it goes: run it after they were read.
    const before = new Map(
      model.weights.map((weight) => [weight.originalName, weight.read().dataSync() as Float32Array]),
    )
    const oracle = crossEntropyGradients(model, channelsLast(pixels, size), labels)
    expect((results.loss?.[0] as number) / 5).toBeCloseTo(oracle.loss, 5)
    for (const binding of weights) {
      const gradient = oracle.gradients.get(binding.weight)
      const found = (results[`${binding.initializer}.gradient`] ?? []).map((value) => value / 5)
      if (gradient === undefined) continue
      // A convolution's bias below a batch normalization has gradient 0: rounding is all that is left.
      if (binding.weight.includes('conv2d') && binding.weight.endsWith('bias')) {
        expect(Math.hypot(...found), binding.weight).toBeLessThan(1e-6)
      } else expect(relativeError(found, toOnnx(binding, gradient)), binding.weight).toBeLessThan(2e-5)
    }
    const second = weights.findLast(({ weight }) => weight.includes('moving'))?.layer
    let statistics = 0
    for (const binding of weights.filter(({ weight }) => weight.includes('moving'))) {
      statistics++
      const weight = model.weights.find(({ originalName }) => originalName === binding.weight)
      const moved = weight?.read().dataSync() as Float32Array
      const found = results[`${binding.initializer}.next`] as number[]
      if (binding.weight.endsWith('mean')) expect(relativeError(found, moved), binding.weight).toBeLessThan(1e-5)
      else {
        const old = before.get(binding.weight) as Float32Array
        const { kept, count } = LAYERS[binding.layer === second ? 1 : 0] as (typeof LAYERS)[0]
        const unbiased = moved.map((value, index) => {
          const level = kept * (old[index] as number)
          return level + ((value - level) * count) / (count - 1)
        })
        expect(relativeError(found, unbiased), binding.weight).toBeLessThan(1e-5)
      }
    }
    expect(statistics).toBe(4)
    tf.disposeVariables()
  })

  test('moves the statistics of a layer whose scale or bias is trained, even if `trainable` does not name them', async () => {
    const { model: graph } = await converted(build())
    const step = trainingStep(graph, { trainable: (name) => name.endsWith('.weight') })
    expect(step.graph.outputs.filter(({ name }) => /running_(mean|var)\.next$/.test(name))).toHaveLength(4)
  })

  test('normalises with the running statistics where they are frozen, which then stay constants', async () => {
    const model = build()
    const { model: graph } = await converted(model)
    const step = trainingStep(graph, { trainable: (name) => name.startsWith('dense') })
    const inputs = step.graph.inputs.map(({ name }) => name).slice(3)
    expect(inputs.every((name) => name.startsWith('dense'))).toBe(true)
    expect(step.graph.outputs.map(({ name }) => name)).toEqual([
      'loss',
      'correct',
      ...inputs.map((name) => `${name}.next`),
    ])
    expect(step.graph.nodes.filter(({ opType }) => opType === 'BatchNormalization')).toHaveLength(2)
  })
})
