/**
 * The light that falls on the paper: what the picture would be with no ink on it. Two steps, since light falls off in two ways:
 * a quadratic surface, fitted to the paper alone, takes slow gradients and the darkening towards a lens's corners away;
 * a grey opening follows what is left, such as the edge of a shadow, since it keeps steps and drops strokes.
 */
import { boxMean, opening } from './filters.js'
import { emptyPlane, type Plane } from './picture.js'
import { resize, resizeToSide } from './resample.js'
import { valueOfRank } from './select.js'

/** Longest sides, in pixels, of the small copies that light is estimated on: it has no detail. */
const SURFACE_SIDE = 48
const GROUND_SIDE = 80

/** Rounding to the small copy's pixels makes a window smaller by less than this. */
const WINDOW_FILLED = 0.8

/** Rounds of fitting; each leaves out what the last one showed to be no paper. */
const ROUNDS = 8

/** Paper is even where so much of the picture is of one brightness, to the nearest grey level: a drawing, a scan that was cleaned. */
const EVEN_SHARE = 0.6

/** Tukey's biweight gives no weight past this many standard deviations (95 % efficiency on a normal distribution). */
const TUKEY = 4.685

/**
 * The brightness of the paper as a quadratic surface, of the plane's size. Robust: pixels far from the surface, on either side,
 * do not count, so that up to nearly half of the picture may be ink or something else.
 */
export function paperSurface(plane: Plane): Surface {
  const level = evenLevel(plane)
  if (level !== undefined) {
    const values = new Float32Array(plane.values.length).fill(level)
    return { plane: { ...plane, values }, even: true }
  }
  const coarse = resizeToSide(plane, Math.min(SURFACE_SIDE, Math.max(plane.width, plane.height)))
  const { width, height, values } = coarse
  const terms = quadraticTerms(width, height)
  let weights = new Float64Array(values.length).fill(1)
  let surface = constantSurface(values)
  for (let round = 0; round < ROUNDS; round++) {
    // From the median outwards: the first rounds must not be bent by a large dark thing at one side.
    const degree = round < 2 ? 1 : round < 4 ? 3 : 6
    weights = tukeyWeights(values, surface)
    surface = fitSurface(values, weights, { terms, degree })
  }
  const coarseSurface: Plane = { width, height, values: Float32Array.from(surface) }
  return { plane: resize(coarseSurface, plane.width, plane.height), even: false }
}

export interface Surface {
  readonly plane: Plane
  /** The paper is of one brightness, and what isn't is no change of light. */
  readonly even: boolean
}

/** The brightness of even paper: any fit that leaves outliers out would find it. */
function evenLevel({ values }: Plane): number | undefined {
  const histogram = new Uint32Array(256)
  for (let index = 0; index < values.length; index++) {
    const level = Math.round(values[index] as number)
    histogram[level] = (histogram[level] as number) + 1
  }
  const level = histogram.indexOf(Math.max(...histogram))
  return (histogram[level] as number) >= EVEN_SHARE * values.length ? level : undefined
}

/**
 * What narrow bright things stand on: the plane without anything bright that is narrower than the window.
 *
 * @param options.window As a share of the plane's longer side.
 * @param options.even The plane is 0 but for what stands out from even paper.
 */
export function ground(plane: Plane, { window, even }: { window: number; even: boolean }): Plane {
  const side = Math.max(plane.width, plane.height)
  if (even && brightArea(plane) < WINDOW_FILLED * (window * side) ** 2) return emptyPlane(plane.width, plane.height)
  const coarse = resizeToSide(plane, Math.min(GROUND_SIDE, side))
  const radius = Math.max(1, Math.round((Math.max(coarse.width, coarse.height) * window) / 2))
  return resize(boxMean(opening(coarse, radius), 2), plane.width, plane.height)
}

/** Pixels that stand out by more than a grey level: where they cannot fill a window, an opening leaves nothing of them. */
function brightArea({ values }: Plane): number {
  let area = 0
  for (let index = 0; index < values.length; index++) if ((values[index] as number) > 1) area++
  return area
}

function constantSurface(values: Float32Array): Float64Array {
  return new Float64Array(values.length).fill(median(values.slice()))
}

function tukeyWeights(values: Float32Array, surface: Float64Array): Float64Array<ArrayBuffer> {
  const residuals = values.map((value, index) => Math.abs(value - (surface[index] as number)))
  // 1.4826 · median absolute deviation is a normal distribution's sigma; 2 grey levels at least, or clean pictures have none.
  const limit = TUKEY * Math.max(2, 1.4826 * median(residuals.slice()))
  const weights = new Float64Array(residuals.length)
  for (let index = 0; index < weights.length; index++) {
    const residual = (residuals[index] as number) / limit
    if (residual < 1) weights[index] = (1 - residual ** 2) ** 2
  }
  return weights
}

/** 1, x, y, x², xy, y² at each pixel, x and y from -1 to 1. */
function quadraticTerms(width: number, height: number): Float64Array[] {
  const terms = Array.from({ length: 6 }, () => new Float64Array(width * height))
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = width === 1 ? 0 : (2 * column) / (width - 1) - 1
      const y = height === 1 ? 0 : (2 * row) / (height - 1) - 1
      const here = [1, x, y, x * x, x * y, y * y]
      for (const [term, value] of here.entries()) (terms[term] as Float64Array)[row * width + column] = value
    }
  }
  return terms
}

interface SurfaceModel {
  readonly terms: readonly Float64Array[]
  /** How many of the terms are used: 1 constant, 3 plane, 6 quadratic. */
  readonly degree: number
}

/** Weighted least squares by the normal equations. */
function fitSurface(values: Float32Array, weights: Float64Array, { terms, degree }: SurfaceModel): Float64Array {
  const used = terms.slice(0, degree)
  const matrix = used.map((a) => [...used.map((b) => weightedDot(weights, a, b)), weightedDot(weights, a, values)])
  const coefficients = solve(matrix)
  const surface = new Float64Array(values.length)
  for (const [term, column] of used.entries()) {
    const coefficient = coefficients[term] as number
    for (let index = 0; index < surface.length; index++) {
      surface[index] = (surface[index] as number) + coefficient * (column[index] as number)
    }
  }
  return surface
}

function weightedDot(weights: Float64Array, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let index = 0; index < weights.length; index++) {
    sum += (weights[index] as number) * (a[index] as number) * (b[index] as number)
  }
  return sum
}

/** Gauss-Jordan on [n × (n + 1)], with pivots; a term that the data do not fix becomes 0. */
function solve(matrix: number[][]): number[] {
  const size = matrix.length
  for (let column = 0; column < size; column++) {
    const rest = matrix.slice(column)
    const pivot =
      column +
      rest.reduce((best, row, index) => (magnitude(row, column) > magnitude(rest[best], column) ? index : best), 0)
    const row = matrix[pivot] as number[]
    if (magnitude(row, column) < 1e-9) continue
    matrix[pivot] = matrix[column] as number[]
    matrix[column] = row
    for (const other of matrix) {
      if (other === row) continue
      const factor = (other[column] as number) / (row[column] as number)
      for (let index = column; index <= size; index++) {
        other[index] = (other[index] as number) - factor * (row[index] as number)
      }
    }
  }
  return matrix.map((row, index) => (magnitude(row, index) < 1e-9 ? 0 : (row[size] as number) / (row[index] as number)))
}

function magnitude(row: readonly number[] | undefined, column: number): number {
  return Math.abs(row?.[column] ?? 0)
}

/** The middle value; leaves its argument in another order. */
function median(values: Float32Array): number {
  return valueOfRank(values, values.length >> 1) ?? 0
}

/** A plane of the differences `a - b`. */
export function difference(a: Plane, b: Plane): Plane {
  const out = emptyPlane(a.width, a.height)
  for (let index = 0; index < out.values.length; index++) {
    out.values[index] = (a.values[index] as number) - (b.values[index] as number)
  }
  return out
}
