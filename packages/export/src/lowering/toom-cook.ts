/**
 * Toom-Cook (Winograd) minimal filtering F(m, r): m outputs of a correlation with r taps from n = m + r - 1 multiplications,
 * y = Aᵀ [(G g) ∘ (Bᵀ d)] for the filter g [r] and the data d [n].
 *
 * Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), section 4; the construction by
 * interpolation at n - 1 points and infinity: Blahut, "Fast Algorithms for Signal Processing" (2010), chapter 5.
 */

export interface ToomCook {
  /** Aᵀ [m, n] */
  readonly at: readonly (readonly number[])[]
  /** G [n, r] */
  readonly g: readonly (readonly number[])[]
  /** Bᵀ [n, n] */
  readonly bt: readonly (readonly number[])[]
}

/** Interpolation points by n: small numbers whose powers and differences float32 holds with little rounding; infinity is implied. */
const POINTS: Readonly<Record<number, readonly number[]>> = {
  4: [0, 1, -1],
  5: [0, 1, -1, 0.5],
  6: [0, 1, -1, 2, -0.5],
  8: [0, 1, -1, 2, -2, 0.5, -0.5],
}

/**
 * The matrices of F(m, r) in float64. Rows of G and Bᵀ are balanced (a factor moves from one to the other), which keeps both
 * transforms in the same range and their rounding small.
 */
export function toomCook(m: number, r: number): ToomCook {
  const n = m + r - 1
  const points = POINTS[n]
  if (points === undefined) {
    throw new Error(`internal: toomCook: expected m + r - 1 among ${Object.keys(POINTS).join(', ')}, found ${n}`)
  }
  const at = transposed(vandermonde(points, m))
  const g = vandermonde(points, r)
  const bt = transposed(inverse(vandermonde(points, n)))
  const factors = g.map((row, index) => Math.sqrt(absoluteSum(bt[index] ?? []) / absoluteSum(row)))
  return {
    at,
    g: g.map((row, index) => row.map((value) => value * (factors[index] as number))),
    bt: bt.map((row, index) => row.map((value) => value / (factors[index] as number))),
  }
}

/** Rows [1, p, p², …] of `length`, one a point, and [0, …, 0, 1] for infinity. */
function vandermonde(points: readonly number[], length: number): number[][] {
  const rows = points.map((point) => Array.from({ length }, (_, power) => point ** power))
  return [...rows, Array.from({ length }, (_, power) => (power === length - 1 ? 1 : 0))]
}

function transposed(matrix: readonly (readonly number[])[]): number[][] {
  return (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column] as number))
}

/** Gauss-Jordan with partial pivoting. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const size = matrix.length
  const rows = matrix.map((row, index) => [
    ...row,
    ...Array.from({ length: size }, (_, column) => (column === index ? 1 : 0)),
  ])
  for (let column = 0; column < size; column++) {
    let pivot = column
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(rows[row]?.[column] as number) > Math.abs(rows[pivot]?.[column] as number)) pivot = row
    }
    const lead = rows[pivot] as number[]
    rows[pivot] = rows[column] as number[]
    rows[column] = lead
    const scale = lead[column] as number
    for (let index = 0; index < 2 * size; index++) lead[index] = (lead[index] as number) / scale
    for (const [row, values] of rows.entries()) {
      const factor = values[column] as number
      if (row === column || factor === 0) continue
      for (let index = 0; index < 2 * size; index++)
        values[index] = (values[index] as number) - factor * (lead[index] as number)
    }
  }
  return rows.map((row) => row.slice(size))
}

function absoluteSum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + Math.abs(value), 0)
}
