/**
 * A picture turned, slanted, scaled, moved and bent at once: each pixel is fetched from where it comes from, between four pixels of
 * the original. 28×28 only, and only the four basic operations: the same bytes on every machine.
 */
import { DIGIT_SIZE as SIDE } from 'mnist-infer/mnist'

/** Knots of the elastic field in each direction. */
export const KNOTS = 5

/** Where an output pixel comes from: `(x, y)` from the middle → `matrix · (x, y) + shift + field(x, y)` from the middle. */
export interface Warp {
  /** Row-major, [2 × 2]. */
  readonly matrix: readonly [number, number, number, number]
  /** In pixels. */
  readonly shift: readonly [number, number]
  /** Displacements at the knots in pixels: x and y in turn, [KNOTS × KNOTS × 2]; a quadratic B-spline between them. */
  readonly field: Float64Array
}

/** MNIST's digits have their centre of mass at this pixel. */
const MIDDLE = SIDE / 2

/** Bare paper around the original, so that what comes from outside needs no question. */
const MARGIN = 2
const ROOM = SIDE + 2 * MARGIN + 2
const padded = new Float64Array(ROOM * ROOM)

/** For each place along a side: the first of three knots that act there, and how much each does. */
const FIRST = new Uint8Array(SIDE)
const WEIGHTS = new Float64Array(SIDE * 3)
for (let place = 0; place < SIDE; place++) {
  const scaled = (place / (SIDE - 1)) * (KNOTS - 2)
  const first = Math.min(Math.floor(scaled), KNOTS - 3)
  const t = scaled - first
  FIRST[place] = first
  WEIGHTS.set([0.5 * (1 - t) * (1 - t), 0.5 + t - t * t, 0.5 * t * t], place * 3)
}

/** The field's displacements along one row of pixels, at each column of knots. */
const rowX = new Float64Array(KNOTS)
const rowY = new Float64Array(KNOTS)

/**
 * @param original [28 × 28]
 * @param out [28 × 28], of the original's range
 */
export function warp(original: Uint8Array, { matrix, shift, field }: Warp, out: Float64Array): void {
  for (let y = 0; y < SIDE; y++) {
    const start = (y + MARGIN) * ROOM + MARGIN
    for (let x = 0; x < SIDE; x++) padded[start + x] = original[y * SIDE + x] as number
  }
  const [xx, xy, yx, yy] = matrix
  const last = SIDE + MARGIN
  for (let y = 0; y < SIDE; y++) {
    blendRows(field, y)
    // Where the row's first pixel comes from, the field aside; from there on by (xx, yx) a pixel.
    let alongX = xy * (y - MIDDLE) - xx * MIDDLE + shift[0] + MIDDLE + MARGIN
    let alongY = yy * (y - MIDDLE) - yx * MIDDLE + shift[1] + MIDDLE + MARGIN
    for (let x = 0; x < SIDE; x++) {
      const knot = FIRST[x] as number
      const a = WEIGHTS[3 * x] as number
      const b = WEIGHTS[3 * x + 1] as number
      const c = WEIGHTS[3 * x + 2] as number
      const fieldX = a * (rowX[knot] as number) + b * (rowX[knot + 1] as number) + c * (rowX[knot + 2] as number)
      const fieldY = a * (rowY[knot] as number) + b * (rowY[knot + 1] as number) + c * (rowY[knot + 2] as number)
      const fromX = Math.min(Math.max(alongX + fieldX, 0), last)
      const fromY = Math.min(Math.max(alongY + fieldY, 0), last)
      alongX += xx
      alongY += yx
      // Between the four pixels around the place; both coordinates are 0 and more.
      const left = fromX | 0
      const top = fromY | 0
      const u = fromX - left
      const v = fromY - top
      const at = top * ROOM + left
      const above = (padded[at] as number) + u * ((padded[at + 1] as number) - (padded[at] as number))
      const below =
        (padded[at + ROOM] as number) + u * ((padded[at + ROOM + 1] as number) - (padded[at + ROOM] as number))
      out[y * SIDE + x] = above + v * (below - above)
    }
  }
}

function blendRows(field: Float64Array, y: number): void {
  const top = 2 * KNOTS * (FIRST[y] as number)
  const a = WEIGHTS[3 * y] as number
  const b = WEIGHTS[3 * y + 1] as number
  const c = WEIGHTS[3 * y + 2] as number
  for (let knot = 0; knot < KNOTS; knot++) {
    const first = top + 2 * knot
    const second = first + 2 * KNOTS
    const third = second + 2 * KNOTS
    rowX[knot] = a * (field[first] as number) + b * (field[second] as number) + c * (field[third] as number)
    rowY[knot] = a * (field[first + 1] as number) + b * (field[second + 1] as number) + c * (field[third + 1] as number)
  }
}
