/** Hands between two styles: lines part of the way from one to the other. */
import type { Line } from './spline.js'

/** Lines farther apart than this, in the middle, are written another way round; between them lies no digit. */
const KIN = 24

/**
 * The lines that lie `share` of the way from `from` to `to`, matched by the way that the pen has gone. Styles with other
 * numbers of strokes, or strokes that begin elsewhere, have nothing between them: then `from` itself.
 */
export function blend(from: readonly Line[], to: readonly Line[], share: number): readonly Line[] {
  if (from.length !== to.length) return from
  const pairs = from.map((line, index) => {
    const other = to[index] as Line
    const count = Math.max(line.length, other.length) / 2
    return [evenly(line, count), evenly(other, count)] as const
  })
  if (pairs.some(([a, b]) => distance(a, b) > KIN)) return from
  return pairs.map(([a, b]) => a.map((value, place) => value + share * ((b[place] as number) - value)))
}

/** Mean distance of two lines' points. */
function distance(a: Line, b: Line): number {
  let sum = 0
  for (let index = 0; index < a.length; index += 2) {
    const dx = (a[index] as number) - (b[index] as number)
    const dy = (a[index + 1] as number) - (b[index + 1] as number)
    sum += Math.sqrt(dx * dx + dy * dy)
  }
  return (2 * sum) / a.length
}

/** The line with `count` points at even distances. */
function evenly(line: Line, count: number): Line {
  const last = line.length / 2 - 1
  const gone = new Float64Array(last + 1)
  for (let index = 1; index <= last; index++) {
    const dx = (line[2 * index] as number) - (line[2 * index - 2] as number)
    const dy = (line[2 * index + 1] as number) - (line[2 * index - 1] as number)
    gone[index] = (gone[index - 1] as number) + Math.sqrt(dx * dx + dy * dy)
  }
  const points = new Float64Array(2 * count)
  let piece = 0
  for (let index = 0; index < count; index++) {
    const goal = ((gone[last] as number) * index) / (count - 1)
    while (piece + 2 <= last && (gone[piece + 1] as number) < goal) piece++
    const start = gone[piece] as number
    const length = (gone[piece + 1] as number) - start
    const t = length > 0 ? (goal - start) / length : 0
    for (const axis of [0, 1]) {
      const here = line[2 * piece + axis] as number
      points[2 * index + axis] = here + t * ((line[2 * piece + 2 + axis] as number) - here)
    }
  }
  return points
}
