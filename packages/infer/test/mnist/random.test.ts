import { describe, expect, test } from 'vitest'
import { createRandom, xoshiro128 } from '../../src/mnist/random.js'

describe('random numbers', () => {
  test('are those of the published generator', () => {
    // By hand from the state (1, 2, 3, 4): rotl(2·5, 7)·9 = 11520; then s1 = 0 gives 0; the rest by the reference in C, retold in Python.
    const next = xoshiro128([1, 2, 3, 4])
    expect(Array.from({ length: 5 }, next)).toEqual([11520, 0, 5927040, 70819200, 2031721883])
  })

  test('depend on the seed and the purpose alone', () => {
    const draw = (seed: number, purpose: string) => Array.from({ length: 8 }, createRandom(seed, purpose))
    expect(draw(3, 'a')).toEqual(draw(3, 'a'))
    expect(draw(3, 'a')).not.toEqual(draw(3, 'b'))
    expect(draw(3, 'a')).not.toEqual(draw(4, 'a'))
    expect(draw(1, 'a')).not.toEqual(draw(1 + 2 ** 32, 'a'))
  })

  test('lie evenly between 0 and 1', () => {
    const random = createRandom(5)
    const bins = new Uint32Array(10)
    for (let index = 0; index < 100_000; index++) {
      const bin = Math.floor(10 * random())
      bins[bin] = (bins[bin] as number) + 1
    }
    // 10,000 expected in each, deviation √9000 = 95: six of them.
    for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(570)
  })

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('refuse %d for a seed', (seed) => {
    expect(() => createRandom(seed)).toThrow(/^seed: expected a whole number from 0 to 9007199254740991, found/)
  })
})

test('streams of different seeds and purposes differ from their first number on', () => {
  const firsts = [0, 1, 2].flatMap((seed) => ['order', 'weights', ''].map((purpose) => createRandom(seed, purpose)()))
  expect(new Set(firsts).size).toBe(firsts.length)
})
