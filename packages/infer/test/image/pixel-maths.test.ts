import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { distanceInside } from '../../src/image/distance.js'
import { boxMean, opening } from '../../src/image/filters.js'
import { otsu } from '../../src/image/mask.js'
import type { Plane } from '../../src/image/picture.js'
import { resize } from '../../src/image/resample.js'
import { valueOfRank } from '../../src/image/select.js'
import { offsetOutline, strokeThickness } from '../../src/image/strokes.js'
import { createRandom } from '../../src/mnist/random.js'

const random = createRandom(1, 'pixel maths')

function randomPlane(width: number, height: number): Plane {
  return { width, height, values: Float32Array.from({ length: width * height }, () => Math.floor(256 * random())) }
}

/** The values of a plane in the window around each pixel, cut off at the edges. */
function windows({ width, height, values }: Plane, radius: number): number[][] {
  return Array.from(values, (_, index) => {
    const [x0, y0] = [index % width, Math.floor(index / width)]
    const inside: number[] = []
    for (let y = Math.max(0, y0 - radius); y <= Math.min(height - 1, y0 + radius); y++) {
      for (let x = Math.max(0, x0 - radius); x <= Math.min(width - 1, x0 + radius); x++) {
        inside.push(values[y * width + x] as number)
      }
    }
    return inside
  })
}

describe('windows', () => {
  test.each([1, 2, 5])('of radius %i: the mean and the opening are what their definitions say', (radius) => {
    const plane = randomPlane(13, 9)
    const means = windows(plane, radius).map((inside) => inside.reduce((sum, value) => sum + value, 0) / inside.length)
    for (const [index, mean] of means.entries()) expect(boxMean(plane, radius).values[index]).toBeCloseTo(mean, 3)
    const least = { ...plane, values: Float32Array.from(windows(plane, radius), (inside) => Math.min(...inside)) }
    const opened = windows(least, radius).map((inside) => Math.max(...inside))
    expect(Array.from(opening(plane, radius).values)).toEqual(opened)
  })
})

describe('resize', () => {
  test('averages areas where it shrinks: 3 pixels to 2 take one and a half each', () => {
    const plane = { width: 3, height: 1, values: Float32Array.of(0, 30, 90) }
    // (0 + 30/2) / 1.5 and (30/2 + 90) / 1.5
    expect(Array.from(resize(plane, 2, 1).values)).toEqual([10, 70])
  })

  test('is bilinear with half-pixel centres where it grows', () => {
    const plane = { width: 2, height: 1, values: Float32Array.of(0, 100) }
    expect(Array.from(resize(plane, 4, 1).values)).toEqual([0, 25, 75, 100])
  })

  test('keeps the mean where it shrinks, whatever the sizes', () => {
    const plane = randomPlane(37, 23)
    const mean = ({ values }: Plane): number => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(resize(plane, 11, 9))).toBeCloseTo(mean(plane), 3)
  })
})

describe('strokes', () => {
  const bar = (thickness: number) => ({
    width: 140,
    height: 60,
    values: Uint8Array.from({ length: 140 * 60 }, (_, index) => {
      const [x, y] = [index % 140, Math.floor(index / 140)]
      return x >= 10 && x < 130 && y >= 20 && y < 20 + thickness ? 1 : 0
    }),
  })

  test('distances are those to the nearest pixel of the other value', () => {
    const mask = { width: 9, height: 7, values: Uint8Array.from({ length: 63 }, () => (random() < 0.7 ? 1 : 0)) }
    const expected = Array.from(mask.values, (value, index) => {
      if (value === 0) return 0
      const others = [...mask.values.entries()].filter(([, other]) => other === 0)
      return Math.min(
        ...others.map(([other]) =>
          Math.hypot((other % 9) - (index % 9), Math.floor(other / 9) - Math.floor(index / 9)),
        ),
      )
    })
    for (const [index, distance] of distanceInside(mask, 1).entries())
      expect(distance).toBeCloseTo(expected[index] as number, 6)
  })

  test.each([4, 8, 16])(
    'a straight bar %i pixels thick measures so, up to the 4/π of its level outline',
    (thickness) => {
      // 2 · area / (outline · π/4), with the outline 2 · (120 + thickness)
      const expected = (120 * thickness) / ((120 + thickness) * (Math.PI / 4))
      expect(strokeThickness(bar(thickness))).toBeCloseTo(expected, 6)
    },
  )

  test.each([-2, 1.5, 3])('an outline moved by %f pixels changes the thickness by twice that', (offset) => {
    const { values, width } = offsetOutline(bar(10), offset)
    const column = Array.from({ length: 60 }, (_, y) => (values[y * width + 70] as number) / 255)
    expect(column.reduce((sum, value) => sum + value, 0)).toBeCloseTo(10 + 2 * offset, 1)
  })
})

test('Otsu’s threshold parts two groups, and what is below the floor has no say', () => {
  const values = Float32Array.from([...Array(500).fill(3), ...Array(50).fill(60), ...Array(20).fill(200)])
  const threshold = otsu(values, 10)
  expect(threshold).toBeGreaterThanOrEqual(60)
  expect(threshold).toBeLessThan(200)
})

test('the value of a rank is the one that sorting puts there, whether values differ, repeat or are all the same', () => {
  const level = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1020 }))
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 60 }), fc.nat(), (levels, some) => {
      const rank = some % levels.length
      expect(valueOfRank(Float32Array.from(levels), rank)).toBe(Float32Array.from(levels).sort()[rank])
    }),
    { numRuns: 1000 },
  )
})
