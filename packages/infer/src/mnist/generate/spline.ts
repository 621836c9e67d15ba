/**
 * Smooth ways through points: cubic Hermite spans with the tangents of a Catmull-Rom spline in centripetal form (P. Yuksel,
 * S. Schaefer, J. Keyser, "On the parameterization of Catmull-Rom curves", SPM 2009), which makes no loops of its own.
 * Square roots and the four basic operations only.
 */
import type { Stroke } from './skeletons.js'

/** A polyline: x0, y0, x1, y1, … */
export type Line = Float64Array

/** The stroke as a polyline with a point every `step` units or closer, the given points among them. */
export function sample(stroke: Stroke, step: number): Line {
  const points: number[] = []
  const last = stroke.length - 1
  for (let index = 0; index < last; index++) {
    const from = at(stroke, index)
    const to = at(stroke, index + 1)
    const before = index === 0 || from.corner ? from : at(stroke, index - 1)
    const after = index + 1 === last || to.corner ? to : at(stroke, index + 2)
    // Lengths of the three spans in the spline's own parameter.
    const d0 = knot(before, from)
    const d1 = knot(from, to)
    const d2 = knot(to, after)
    const startX = tangent([before.x, from.x, to.x], d0, d1)
    const startY = tangent([before.y, from.y, to.y], d0, d1)
    // Seen from the other end, a tangent changes its sign.
    const endX = -tangent([after.x, to.x, from.x], d2, d1)
    const endY = -tangent([after.y, to.y, from.y], d2, d1)
    const pieces = Math.max(1, Math.ceil((d1 * d1) / step))
    for (let piece = 0; piece < pieces; piece++) {
      const t = piece / pieces
      const u = 1 - t
      const [h0, h1, h2, h3] = [u * u * (1 + 2 * t), t * t * (3 - 2 * t), t * u * u, -t * t * u]
      points.push(h0 * from.x + h1 * to.x + h2 * startX + h3 * endX, h0 * from.y + h1 * to.y + h2 * startY + h3 * endY)
    }
  }
  const end = at(stroke, last)
  points.push(end.x, end.y)
  return Float64Array.from(points)
}

interface Place {
  readonly x: number
  readonly y: number
}

/** The square root of the distance: what makes the form centripetal. */
function knot(a: Place, b: Place): number {
  const dx = a.x - b.x
  const dy = a.y - b.y
  return Math.sqrt(Math.sqrt(dx * dx + dy * dy))
}

/** The tangent in the middle one of three values, for the span of length `d1` that follows it; `d0` is the span before. */
function tangent([before, here, next]: readonly [number, number, number], d0: number, d1: number): number {
  if (d0 < 1e-9 || d1 < 1e-9) return next - here
  return d1 * ((here - before) / d0 - (next - before) / (d0 + d1) + (next - here) / d1)
}

function at(stroke: Stroke, index: number): Stroke[number] {
  const point = stroke[index]
  if (point === undefined) throw new Error(`internal: stroke without point ${index}`)
  return point
}
