import { describe, expect, test } from 'vitest'
import { RangeObserver } from '../../src/compress/index.js'
import { normal, randomOf } from '../support/random.js'

/** Mean squared error of samples rounded to the 256 values of a range, by doing it. */
function error(samples: Float32Array, { min, max }: { min: number; max: number }): number {
  const scale = (max - min) / 255
  const zero = Math.round(-min / scale)
  const total = samples.reduce((sum, sample) => {
    const q = Math.max(0, Math.min(255, Math.round(sample / scale) + zero))
    return sum + (sample - scale * (q - zero)) ** 2
  }, 0)
  return total / samples.length
}

const samples = (count: number, draw: (index: number) => number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => draw(index))

describe('RangeObserver', () => {
  test.each([
    ['uniform, where clipping only costs', samples(5000, (index) => index / 5000 - 0.25), -0.25, 0.75],
    ['all zero', samples(10, () => 0), 0, 0],
    ['positive, whose range holds 0 all the same', samples(100, (index) => 2 + (index % 2)), 0, 3],
  ])('keeps the whole range of samples: %s', (_, values, min, max) => {
    const observer = new RangeObserver()
    observer.observe('x', values)
    const range = observer.ranges().get('x') as { min: number; max: number }
    expect(range.min).toBeCloseTo(min, 3)
    expect(range.max).toBeCloseTo(max, 3)
  })

  test('clips a rare outlier where the steps for all others gain more, and so loses less', () => {
    const random = randomOf(1)
    const values = samples(200_000, (index) => (index === 7 ? 40 : Math.max(0, normal(random))))
    const observer = new RangeObserver()
    observer.observe('x', values)
    const range = observer.ranges().get('x') as { min: number; max: number }
    expect(range.max).toBeLessThan(37)
    expect(error(values, range)).toBeLessThan(error(values, { min: 0, max: 40 }) * 0.92)
  })

  test('gives the same range whichever samples come first', () => {
    const random = randomOf(2)
    const values = samples(1000, () => normal(random) * 3)
    const [once, pieces] = [new RangeObserver(), new RangeObserver()]
    once.observe('x', values)
    for (let start = values.length - 100; start >= 0; start -= 100) {
      pieces.observe('x', values.subarray(start, start + 100))
    }
    expect(pieces.ranges()).toEqual(once.ranges())
  })
})
