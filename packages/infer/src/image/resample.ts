/**
 * Planes at another size: area averages where an axis shrinks, bilinear with half-pixel centres where it grows. The two axes
 * are resampled one after the other; what lies outside of the plane is its nearest edge.
 */
import { emptyPlane, type Plane } from './picture.js'

/** For every output place of an axis, the first input place that it takes from and the weights from there on (sum 1). */
interface AxisWeights {
  readonly first: Int32Array
  readonly weights: readonly Float32Array[]
}

/** The plane at `width` × `height`. */
export function resize(plane: Plane, width: number, height: number): Plane {
  return resizeRows(resizeColumns(plane, width), height)
}

/** The plane with its longer side `side`, the other one in proportion (at least 1). */
export function resizeToSide(plane: Plane, side: number): Plane {
  const scale = side / Math.max(plane.width, plane.height)
  const scaled = (length: number): number => Math.max(1, Math.round(length * scale))
  return resize(plane, scaled(plane.width), scaled(plane.height))
}

function resizeColumns(plane: Plane, width: number): Plane {
  if (width === plane.width) return plane
  const { first, weights } = axisWeights(plane.width, width)
  const out = emptyPlane(width, plane.height)
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < width; x++) {
      const kernel = weights[x] as Float32Array
      const place = y * plane.width + (first[x] as number)
      let sum = 0
      for (let k = 0; k < kernel.length; k++) sum += (kernel[k] as number) * (plane.values[place + k] as number)
      out.values[y * width + x] = sum
    }
  }
  return out
}

function resizeRows(plane: Plane, height: number): Plane {
  if (height === plane.height) return plane
  const { first, weights } = axisWeights(plane.height, height)
  const { width } = plane
  const out = emptyPlane(width, height)
  for (let y = 0; y < height; y++) {
    const start = first[y] as number
    const kernel = weights[y] as Float32Array
    for (let k = 0; k < kernel.length; k++) {
      const weight = kernel[k] as number
      const row = (start + k) * width
      for (let x = 0; x < width; x++) {
        out.values[y * width + x] = (out.values[y * width + x] as number) + weight * (plane.values[row + x] as number)
      }
    }
  }
  return out
}

function axisWeights(from: number, to: number): AxisWeights {
  const place = to < from ? areaWeights : bilinearWeights
  const places = Array.from({ length: to }, (_, index) => place(index, from, to))
  return { first: Int32Array.from(places, ({ first }) => first), weights: places.map(({ weights }) => weights) }
}

interface Place {
  readonly first: number
  readonly weights: Float32Array
}

/** Output pixel `index` covers [index, index + 1) · from / to of the input; each input pixel counts by its covered part. */
function areaWeights(index: number, from: number, to: number): Place {
  const start = (index * from) / to
  const end = ((index + 1) * from) / to
  const first = Math.floor(start)
  const last = Math.min(from, Math.ceil(end - 1e-9))
  const weights = new Float32Array(last - first)
  for (let k = 0; k < weights.length; k++) {
    weights[k] = ((Math.min(end, first + k + 1) - Math.max(start, first + k)) * to) / from
  }
  return { first, weights }
}

function bilinearWeights(index: number, from: number, to: number): Place {
  const centre = ((index + 0.5) * from) / to - 0.5
  const first = Math.max(0, Math.min(from - 1, Math.floor(centre)))
  const share = Math.max(0, Math.min(1, centre - first))
  if (first === from - 1) return { first, weights: Float32Array.of(1) }
  return { first, weights: Float32Array.of(1 - share, share) }
}
