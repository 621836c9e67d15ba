import { createRandom, generateDigits } from 'mnist-infer/mnist'
import { describe, expect, test } from 'vitest'
import { blur, contrast, grain, thicken } from '../../src/augment/ink.js'
import { KNOTS, type Warp, warp } from '../../src/augment/warp.js'

const SIDE = 28
const { images } = generateDigits({ count: 20, seed: 4 })
const digit = (index: number): Uint8Array => images.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE)
const still = new Float64Array(2 * KNOTS * KNOTS)

function warped(original: Uint8Array, options: Partial<Warp>): Float64Array {
  const out = new Float64Array(SIDE * SIDE)
  warp(original, { matrix: [1, 0, 0, 1], shift: [0, 0], field: still, ...options }, out)
  return out
}

const at = (picture: ArrayLike<number>, x: number, y: number): number =>
  x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0 : (picture[y * SIDE + x] as number)

/** Every pixel by a formula of its place. */
const byPlace = (value: (x: number, y: number) => number): number[] =>
  Array.from({ length: SIDE * SIDE }, (_, index) => value(index % SIDE, Math.floor(index / SIDE)))

/** Tensor-product hat functions: the weight of each pixel is (1 - |dx|)(1 - |dy|) where that is positive. */
function bilinear(picture: Uint8Array, x: number, y: number): number {
  let sum = 0
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const weight = Math.max(0, 1 - Math.abs(x - column)) * Math.max(0, 1 - Math.abs(y - row))
      sum += weight * at(picture, column, row)
    }
  }
  return sum
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  const apart = Array.from(found, (value, index) => Math.abs(value - (expected[index] as number)))
  expect(Math.max(...apart)).toBeLessThan(1e-9)
}

describe('a warp', () => {
  test.each<[string, Partial<Warp>, (x: number, y: number) => [number, number]]>([
    ['of nothing leaves the picture', {}, (x, y) => [x, y]],
    ['by a shift fetches from beside', { shift: [3, -2] }, (x, y) => [x + 3, y - 2]],
    // (x, y) from the middle (14, 14) → (-y, x): a quarter of a turn.
    ['by a right angle turns about pixel (14, 14)', { matrix: [0, -1, 1, 0] }, (x, y) => [28 - y, x]],
    [
      'of all kinds fetches between four pixels',
      { matrix: [0.9, 0.2, -0.1, 1.15], shift: [0.4, -1.3] },
      (x, y) => [0.9 * (x - 14) + 0.2 * (y - 14) + 14.4, -0.1 * (x - 14) + 1.15 * (y - 14) + 12.7],
    ],
    // The B-spline's weights sum to 1: equal knots move all alike.
    [
      'by a field of equal knots shifts',
      { field: still.map((_, index) => (index % 2 === 0 ? 1.5 : -0.25)) },
      (x, y) => [x + 1.5, y - 0.25],
    ],
  ])('%s', (_, options, from) => {
    for (const index of [0, 1, 2]) {
      const expected = byPlace((x, y) => bilinear(digit(index), ...from(x, y)))
      expectClose(warped(digit(index), options), expected)
    }
  })

  test('bends by the field near the knot that moves, and not far from it', () => {
    const field = still.slice()
    // The first knot's x: it acts on the first third of rows and columns alone.
    field[0] = 2
    const straight = digit(3)
    const bent = warped(
      straight.map((_, index) => index % 251),
      { field },
    )
    const plain = warped(
      straight.map((_, index) => index % 251),
      {},
    )
    expect(bent[2 * SIDE + 2]).not.toBe(plain[2 * SIDE + 2])
    for (let y = 0; y < SIDE; y++)
      expectClose(bent.subarray(y * SIDE + 10, (y + 1) * SIDE), plain.subarray(y * SIDE + 10, (y + 1) * SIDE))
  })
})

describe('ink', () => {
  const original = Float64Array.from(digit(5))
  const inside = (x: number, y: number): boolean => x > 0 && y > 0 && x < SIDE - 1 && y < SIDE - 1
  const cross = (x: number, y: number): number[] => [
    at(original, x, y),
    at(original, x - 1, y),
    at(original, x + 1, y),
    at(original, x, y - 1),
    at(original, x, y + 1),
  ]

  test.each([
    ['grows to the greatest of the neighbours', 1, Math.max],
    ['shrinks to the least of the neighbours', -1, Math.min],
  ] as const)('%s', (_, amount, most) => {
    const picture = original.slice()
    thicken(picture, amount)
    expectClose(
      picture,
      byPlace((x, y) => (inside(x, y) ? most(...cross(x, y)) : at(original, x, y))),
    )
    const half = original.slice()
    thicken(half, amount / 2)
    expectClose(
      half,
      picture.map((value, index) => (value + (original[index] as number)) / 2),
    )
  })

  test('is blurred by ¼ ½ ¼ along rows and columns', () => {
    const picture = original.slice()
    blur(picture, 1)
    const kernel = [0.25, 0.5, 0.25]
    const mean = (x: number, y: number): number =>
      kernel.reduce(
        (sum, a, j) => sum + a * kernel.reduce((row, b, i) => row + b * at(original, x + i - 1, y + j - 1), 0),
        0,
      )
    expectClose(
      picture,
      byPlace((x, y) => (inside(x, y) ? mean(x, y) : at(original, x, y))),
    )
  })

  test('gets harder around half ink, and paler', () => {
    const picture = Float64Array.from([0, 100, 127.5, 150, 255, ...new Float64Array(SIDE * SIDE - 5)])
    contrast(picture, { gain: 2, ink: 0.5 })
    // (100 - 127.5) · 2 + 127.5 = 72.5 and (150 - 127.5) · 2 + 127.5 = 172.5, halved.
    expect([...picture.subarray(0, 5)]).toEqual([0, 36.25, 63.75, 86.25, 127.5])
  })

  test('gets grain of mean 0 and the deviation that is asked for', () => {
    const random = createRandom(1)
    const values = Array.from({ length: 60 }, () => {
      const picture = new Float64Array(SIDE * SIDE)
      grain(picture, { deviation: 10, start: random() })
      return [...picture]
    }).flat()
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    // 47,040 draws of 16,381 numbers: the mean's own deviation is about 10 / √16,381 = 0.08.
    expect(Math.abs(mean)).toBeLessThan(0.4)
    expect(Math.sqrt(variance)).toBeGreaterThan(9.7)
    expect(Math.sqrt(variance)).toBeLessThan(10.3)
  })
})
