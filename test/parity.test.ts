import { createRequire } from 'node:module'
import { createRandom, generateDigits } from 'mnist-infer/mnist'
import { float32, openSession } from 'mnist-infer/runtime'
import { type EngineState, exportInference, initialState, loadTfjs, NETWORK_NAMES, trainedModel } from 'mnist-train'
import { beforeAll, describe, expect, test } from 'vitest'

/** The deep networks take seconds a picture on tfjs. */
const PICTURES: Readonly<Record<string, number>> = { alexnet: 2, resnet18: 4 }

const FACTS = { recipe: 'none', epochs: 0, dataset: 'none', seed: 0, testAccuracy: Number.NaN }

beforeAll(async () => {
  // ten times as fast as tfjs's backend in plain JavaScript, and as independent of ONNX Runtime
  const { core } = await loadTfjs()
  createRequire(import.meta.url)('@tensorflow/tfjs-backend-wasm')
  expect(await core.setBackend('wasm')).toBe(true)
}, 120_000)

/** Batch normalization begins as the identity, which would hide mistakes: its weights and statistics are moved away from it. */
function disturbed(state: EngineState): EngineState {
  return new Map(
    [...state].map(([name, { shape, values }]) => {
      if (shape.length !== 1) return [name, { shape, values }]
      const random = createRandom(1, name)
      return [name, { shape, values: values.map((value) => value + (random() - 0.5) / 2) }]
    }),
  )
}

describe('the exported file', () => {
  test.each(NETWORK_NAMES)('of %s answers as tfjs does, to 1e-5 of the largest logit', async (network) => {
    const count = PICTURES[network] ?? 64
    const pixels = Float32Array.from(generateDigits({ count, seed: 3 }).images, (value) => value / 255)
    const state = disturbed(await initialState(network, 5))

    const session = await openSession(await exportInference(network, state, FACTS), { provider: 'cpu', threads: 1 })
    const { logits, probabilities } = await session.run({ image: float32(pixels, [count, 1, 28, 28]) })
    await session.close()

    const { core } = await loadTfjs()
    const model = await trainedModel(network, state)
    const expected = core.tidy(() => {
      const y = model.apply(core.tensor4d(pixels, [count, 28, 28, 1]), { training: false })
      return { logits: (y as never as Logits).dataSync(), probabilities: core.softmax(y as never).dataSync() }
    })
    model.dispose()
    expect(largestDifference(logits?.data as Float32Array, expected.logits)).toBeLessThan(1e-5)
    expect(largestDifference(probabilities?.data as Float32Array, expected.probabilities)).toBeLessThan(1e-5)
  })
})

interface Logits {
  dataSync(): Float32Array
}

/** max |a - b| / max |b| */
function largestDifference(a: Float32Array, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  const differences = a.map((value, index) => Math.abs(value - (b[index] as number)))
  return Math.max(...differences) / Math.max(...Array.from(b, Math.abs))
}
