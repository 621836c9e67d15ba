import { figuresOf } from 'mnist-infer'
import { createRandom, generateDigits } from 'mnist-infer/mnist'
import { float32, openSession } from 'mnist-infer/runtime'
import { describe, expect, test } from 'vitest'
import { exportInference } from '../../src/engine/inference-model.js'
import { initialState } from '../../src/engine/layers-model.js'
import { fitLeastProbability, fitTemperature, withTemperature } from '../../src/run/calibrate.js'

/** Softmax of rows of ten, by its definition, in double precision. */
function softmax(logits: Float32Array, temperature: number): Float32Array {
  const out = new Float32Array(logits.length)
  for (let start = 0; start < logits.length; start += 10) {
    const row = [...logits.subarray(start, start + 10)].map((logit) => Math.exp(logit / temperature))
    const sum = row.reduce((total, value) => total + value, 0)
    out.set(
      row.map((value) => value / sum),
      start,
    )
  }
  return out
}

describe('a temperature', () => {
  const COUNT = 4000
  const random = createRandom(2)
  const logits = Float32Array.from({ length: COUNT * 10 }, () => 8 * (random() + random() - 1))

  test.each([0.5, 1, 2.2])('is found again where labels were drawn by probabilities of temperature %d', (truth) => {
    const probabilities = softmax(logits, truth)
    const labels = Uint8Array.from({ length: COUNT }, (_, index) => {
      let left = random()
      const row = [...probabilities.subarray(index * 10, index * 10 + 10)]
      const label = row.findIndex((probability) => {
        left -= probability
        return left < 0
      })
      return label < 0 ? 9 : label
    })
    const temperature = fitTemperature(logits, labels)
    expect(Math.abs(temperature / truth - 1)).toBeLessThan(0.08)
    const errorAt = (t: number): number => figuresOf(labels, softmax(logits, t)).calibration.expectedError
    expect(errorAt(temperature)).toBeLessThan(0.03)
    if (truth !== 1) expect(errorAt(temperature)).toBeLessThan(errorAt(1))
  })

  test('in the last layer divides the logits, and leaves the probabilities their softmax', async () => {
    const state = await initialState('lenet5-03', 2)
    const facts = { recipe: 'none', epochs: 0, dataset: 'none', seed: 0, testAccuracy: Number.NaN }
    const { images } = generateDigits({ count: 8, seed: 1 })
    const image = float32(
      Float32Array.from(images, (value) => value / 255),
      [8, 1, 28, 28],
    )
    const run = async (trained: typeof state) => {
      const session = await openSession(await exportInference('lenet5-03', trained, facts), { provider: 'cpu' })
      const { logits: scores, probabilities } = await session.run({ image }, { outputs: ['logits', 'probabilities'] })
      await session.close()
      return [scores, probabilities].map((output) => (output as { data: Float32Array }).data) as [
        Float32Array,
        Float32Array,
      ]
    }
    const [before] = await run(state)
    const [after, probabilities] = await run(withTemperature(state, 0.4))
    const expected = softmax(before, 0.4)
    for (const [index, value] of probabilities.entries()) {
      expect(after[index]).toBeCloseTo((before[index] as number) / 0.4, 5)
      expect(value).toBeCloseTo(expected[index] as number, 5)
    }
  })
})

test('the least probability leaves a hundredth of the rows below it', () => {
  // The likeliest is 0.5, 0.501, … 0.999 of 500 rows: five of them are below 0.505.
  const rows = Float32Array.from({ length: 5000 }, (_, place) =>
    place % 10 === 3 ? 0.5 + Math.floor(place / 10) / 1000 : 0,
  )
  expect(fitLeastProbability(rows)).toBe(0.5)
  expect(fitLeastProbability(rows.map((value) => Math.min(1, value + 0.2)))).toBe(0.7)
})
