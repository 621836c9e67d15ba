/** IEEE 754 binary16 (1 sign bit, 5 exponent bits of bias 15, 10 fraction bits) to a number; exact for every pattern. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  // Subnormal: fraction × 2^-24. Normal: (1024 + fraction) × 2^(exponent - 15 - 10).
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}
