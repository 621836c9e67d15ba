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
  const room = envelopeRoom(Math.max(width, height))
  for (let x = 0; x < width; x++) envelope(squared, { start: x, stride: width, count: height }, room)
  for (let y = 0; y < height; y++) envelope(squared, { start: y * width, stride: 1, count: width }, room)
  for (let index = 0; index < squared.length; index++) squared[index] = Math.sqrt(squared[index] as number)
  return squared
}

interface Run {
  readonly start: number
  readonly stride: number
  readonly count: number
}

/** Kept from run to run. */
interface EnvelopeRoom {
  readonly heights: Float64Array
  readonly vertex: Int32Array
  readonly from: Float64Array
}

function envelopeRoom(length: number): EnvelopeRoom {
  return { heights: new Float64Array(length), vertex: new Int32Array(length), from: new Float64Array(length + 1) }
}

/** In place, f[q] -> min over p of (q - p)² + f[p]. */
function envelope(values: Float64Array, { start, stride, count }: Run, { heights, vertex, from }: EnvelopeRoom): void {
  let [near, far] = [0, 0]
  for (let index = 0; index < count; index++) {
    const height = values[start + index * stride] as number
    heights[index] = height
    if (height === 0) near++
    else if (height >= FAR) far++
  }
  // Nothing of the other value, or nothing else: the minimum is what is there.
  if (far === count || near === count) return
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
