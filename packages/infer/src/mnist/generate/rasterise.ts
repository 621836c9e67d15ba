/** Ink on a small grid: polylines of round pen marks, with soft edges. */
import type { Line } from './spline.js'

/** A stroke in pixels and the pen's radius at each of its points. */
export interface Inked {
  readonly line: Line
  /** In pixels, one for each point. */
  readonly radii: Float64Array
}

/**
 * How wide the edge between paper and full ink is, in pixels. MNIST's is wider than one pixel: its pictures were made small
 * with a filter.
 */
export const EDGE = 1.2

/**
 * Draws into `grid`, `[size, size]`, values 0 to 1, the pixel (0, 0) from (0, 0) to (1, 1): where strokes overlap, the
 * strongest ink counts. Coverage falls linearly over the edge, by the distance of a pixel's centre from the stroke.
 */
export function rasterise(strokes: readonly Inked[], grid: Float64Array, size: number): void {
  for (const { line, radii } of strokes) {
    for (let index = 0; index + 1 < radii.length || index === 0; index++) {
      const next = Math.min(index + 1, radii.length - 1)
      mark(line, radii, [index, next], grid, size)
    }
  }
}

/** One piece of a stroke: all places within the radius of the piece, which grows evenly from one end to the other. */
function mark(
  line: Line,
  radii: Float64Array,
  [from, to]: readonly [number, number],
  grid: Float64Array,
  size: number,
): void {
  const [ax, ay, ar] = [line[2 * from] as number, line[2 * from + 1] as number, radii[from] as number]
  const [bx, by, br] = [line[2 * to] as number, line[2 * to + 1] as number, radii[to] as number]
  const [dx, dy] = [bx - ax, by - ay]
  const squared = dx * dx + dy * dy
  const reach = Math.max(ar, br) + EDGE / 2
  const left = Math.max(0, Math.floor(Math.min(ax, bx) - reach))
  const right = Math.min(size - 1, Math.floor(Math.max(ax, bx) + reach))
  const top = Math.max(0, Math.floor(Math.min(ay, by) - reach))
  const bottom = Math.min(size - 1, Math.floor(Math.max(ay, by) + reach))
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const px = column + 0.5 - ax
      const py = row + 0.5 - ay
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squared))
      const ex = px - along * dx
      const ey = py - along * dy
      const distance = Math.sqrt(ex * ex + ey * ey)
      const ink = Math.min(1, (ar + along * (br - ar) - distance) / EDGE + 0.5)
      const pixel = row * size + column
      if (ink > (grid[pixel] as number)) grid[pixel] = ink
    }
  }
}
