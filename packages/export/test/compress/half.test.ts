import { describe, expect, test } from 'vitest'
import { toHalves } from '../../src/compress/half.js'
import { halfToFloat } from '../../src/convert/half.js'

const ALL = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits)
const isFinite16 = (bits: number): boolean => (bits & 0x7c00) !== 0x7c00

describe('toHalves', () => {
  test('gives every half its own bits back', () => {
    const finite = ALL.filter(isFinite16)
    expect(toHalves(Float32Array.from(finite, halfToFloat))).toEqual(finite)
  })

  test('takes the nearer of two neighbours, and at the middle the even one', () => {
    // Positive neighbours that are both finite.
    const lower = ALL.filter((bits) => bits < 0x7bff)
    const between = (share: number): Float32Array =>
      Float32Array.from(lower, (bits) => halfToFloat(bits) * (1 - share) + halfToFloat(bits + 1) * share)
    expect(toHalves(between(0.25))).toEqual(lower)
    expect(toHalves(between(0.75))).toEqual(lower.map((bits) => bits + 1))
    expect(toHalves(between(0.5))).toEqual(lower.map((bits) => bits + (bits & 1)))
  })

  test.each([
    ['the largest half', 65504, 0x7bff],
    ['just below half a step beyond it', 65519.99, 0x7bff],
    ['half a step beyond it', 65520, 0x7c00],
    ['infinity', Number.NEGATIVE_INFINITY, 0xfc00],
    ['less than half of the smallest', -(2 ** -26), 0x8000],
    ['half of the smallest, which ties to zero', 2 ** -25, 0],
    ['a little more than that', 2 ** -25 * 1.01, 1],
    ['NaN', Number.NaN, 0x7e00],
  ])('rounds %s', (_, value, bits) => {
    expect(toHalves(Float32Array.of(value))[0]).toBe(bits)
  })
})
