import { describe, expect, test } from 'vitest'
import { generateOutliers } from '../../src/mnist/index.js'

const SIDE = 28
const PIXELS = SIDE * SIDE
const some = generateOutliers({ count: 400, seed: 5 })

describe('generated outliers', () => {
  test('are the same for the same seed however many follow, and others for another', () => {
    expect(generateOutliers({ count: 60, seed: 5 })).toEqual(some.subarray(0, 60 * PIXELS))
    expect(generateOutliers({ count: 60, seed: 6 })).not.toEqual(some.subarray(0, 60 * PIXELS))
    expect(generateOutliers({ count: 0, seed: 5 })).toHaveLength(0)
  })

  test('have ink, in the middle 20 pixels or as near to them as their centre of mass lets them be', () => {
    for (let start = 0; start < some.length; start += PIXELS) {
      const inked = Array.from({ length: PIXELS }, (_, index) => index).filter(
        (index) => (some[start + index] as number) > 0,
      )
      expect(inked.length).toBeGreaterThan(5)
      for (const places of [inked.map((index) => index % SIDE), inked.map((index) => Math.floor(index / SIDE))]) {
        expect(Math.max(...places) - Math.min(...places)).toBeLessThan(20)
      }
    }
  })

  test('are refused where their number is none', () => {
    expect(() => generateOutliers({ count: -1, seed: 0 })).toThrow(
      'count of outliers: expected a whole number from 0, found -1',
    )
  })
})
