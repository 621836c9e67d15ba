import { describe, expect, test } from 'vitest'
import { toomCook } from '../../src/lowering/toom-cook.js'

const FILTERINGS = [
  { m: 2, r: 3 },
  { m: 3, r: 3 },
  { m: 4, r: 3 },
  { m: 6, r: 3 },
  { m: 4, r: 5 },
  { m: 2, r: 5 },
]

function times(matrix: readonly (readonly number[])[], vector: readonly number[]): number[] {
  return matrix.map((row) => row.reduce((sum, value, index) => sum + value * (vector[index] as number), 0))
}

describe('F(m, r) is the correlation of a tile with the taps', () => {
  test.each(FILTERINGS)('F($m, $r)', ({ m, r }) => {
    const { at, g, bt } = toomCook(m, r)
    const data = Array.from({ length: m + r - 1 }, (_, index) => Math.cos(3 * index + 1))
    const taps = Array.from({ length: r }, (_, index) => Math.sin(5 * index + 2))
    const points = times(bt, data).map((value, index) => value * (times(g, taps)[index] as number))
    const expected = Array.from({ length: m }, (_, output) =>
      taps.reduce((sum, tap, index) => sum + tap * (data[output + index] as number), 0),
    )
    for (const [index, value] of times(at, points).entries()) expect(value).toBeCloseTo(expected[index] as number, 12)
  })
})
