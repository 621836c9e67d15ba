// What the examples learn: which quadrant a point of the plane lies in. Your own data goes here.

/** 64 points [64, 2] and their quadrants [64], the same for the same step. */
export function batch(step) {
  const points = Float32Array.from({ length: 128 }, (_, index) => Math.sin(12.9898 * (step * 128 + index + 1) ** 2))
  const labels = BigInt64Array.from({ length: 64 }, (_, row) =>
    BigInt((points[2 * row] > 0 ? 1 : 0) + (points[2 * row + 1] > 0 ? 2 : 0)),
  )
  return { points, labels }
}
