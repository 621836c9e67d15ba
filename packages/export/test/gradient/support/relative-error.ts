/** ‖scale · found - expected‖ / ‖expected‖; of an expected zero, ‖scale · found‖. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>, scale = 1): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let norm = 0
  for (let index = 0; index < expected.length; index++) {
    difference += (scale * (found[index] as number) - (expected[index] as number)) ** 2
    norm += (expected[index] as number) ** 2
  }
  return Math.sqrt(difference / (norm || 1))
}
