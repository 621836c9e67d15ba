/** Numbers as IEEE 754 binary16 (1 sign bit, 5 exponent bits of bias 15, 10 fraction bits), rounded to nearest, ties to even. */

/** The largest finite half: (2 - 2^-10) · 2^15. */
export const LARGEST_HALF = 65504

/** Bits of the half nearest to each value. From 65520 up (half a step beyond the largest) it is the infinity of that sign. */
export function toHalves(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(bits.length)
  for (let index = 0; index < bits.length; index++) halves[index] = halfBits(bits[index] as number)
  return halves
}

/** From the bits of a float32 (8 exponent bits of bias 127, 23 fraction bits). */
function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 0xff
  const fraction = bits & 0x7fffff
  // Infinity and NaN; a NaN keeps a fraction bit.
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200)
  // 127 - 15: below 2^-14 the half is subnormal, a whole number of 2^-24.
  const rebased = exponent - 112
  if (rebased >= 0x1f) return sign | 0x7c00
  if (rebased > 0) return sign | rounded((rebased << 23) | fraction, 13)
  // Below 2^-25, half of the smallest, all is zero.
  if (rebased < -10) return sign
  return sign | rounded(fraction | 0x800000, 14 - rebased)
}

/** value / 2^shift to the nearest whole number, ties to even; a carry out of the fraction raises the exponent, as it should. */
function rounded(value: number, shift: number): number {
  const whole = value >>> shift
  const rest = value & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return rest > half || (rest === half && (whole & 1) === 1) ? whole + 1 : whole
}
