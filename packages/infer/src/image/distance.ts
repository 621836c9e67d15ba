/**
 * Exact Euclidean distances in a mask: P. Felzenszwalb and D. Huttenlocher, 'Distance transforms of sampled functions', Theory of
 * Computing 8, 2012, section 2: the lower envelope of parabolas, along the columns, then along the rows.
 */
import type { Mask } from './mask.js'

/** More than any squared distance in a picture, and still exact in its sums. */
const FAR = 1e12

/**
 * For each pixel of value `of`, the distance from its centre to the nearest pixel's of the other value; 0 for the others.
 * [height × width], in pixels; where there is no other value, beyond any picture's size.
 */
export function distanceInside({ width, height, values }: Mask, of: 0 | 1): Float64Array {
  const squared = new Float64Array(values.length)
  for (let index = 0; index < squared.length; index++) squared[index] = values[index] === of ? FAR : 0
  for (let x = 0; x < width; x++) envelope(squared, { start: x, stride: width, count: height })
  for (let y = 0; y < height; y++) envelope(squared, { start: y * width, stride: 1, count: width })
  return squared.map(Math.sqrt)
}

interface Run {
  readonly start: number
  readonly stride: number
  readonly count: number
}

/** In place, f[q] -> min over p of (q - p)² + f[p]. */
function envelope(values: Float64Array, { start, stride, count }: Run): void {
  const heights = Float64Array.from({ length: count }, (_, index) => values[start + index * stride] as number)
  const vertex = new Int32Array(count)
  const from = new Float64Array(count + 1)
  let last = 0
  from[0] = -Infinity
  from[1] = Infinity
  for (let q = 1; q < count; q++) {
    let meet = meetingPoint(heights, vertex[last] as number, q)
    while (meet <= (from[last] as number)) meet = meetingPoint(heights, vertex[--last] as number, q)
    vertex[++last] = q
    from[last] = meet
    from[last + 1] = Infinity
  }
  last = 0
  for (let q = 0; q < count; q++) {
    while ((from[last + 1] as number) < q) last++
    const p = vertex[last] as number
    values[start + q * stride] = (q - p) ** 2 + (heights[p] as number)
  }
}

/** Where the parabolas that stand on p and q, p < q, cross. */
function meetingPoint(heights: Float64Array, p: number, q: number): number {
  return ((heights[q] as number) + q * q - ((heights[p] as number) + p * p)) / (2 * (q - p))
}
