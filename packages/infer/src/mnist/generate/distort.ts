/** One writer's hand: moves a skeleton's points as no two people, and no one twice, would set them. */
import type { Random } from '../random.js'
import { between, normal } from './normal.js'
import type { Skeleton, Stroke } from './skeletons.js'

/** How far points move by themselves, in the skeletons' units. */
const JITTER = 3

/** How far the elastic field moves what lies in it, in the same units. */
const ELASTICITY = 5

/** Knots of the elastic field in each direction; it reaches a little beyond the unit box. */
const KNOTS = 4

/** The slant of MNIST's hands: x moves by so much of y's height. */
const SLANT = { mean: 0.14, deviation: 0.24 }

/** Half the angle, in radians, by which the paper lies askew. */
const HALF_TURN = 0.07

/** The skeleton as one hand writes it once. */
export function distort({ strokes }: Skeleton, random: Random): Stroke[] {
  const width = 1 + 0.18 * normal(random)
  const slant = SLANT.mean + SLANT.deviation * normal(random)
  // cos and sin of twice the angle whose tangent is `t`: exact arithmetic, the same on every machine.
  const t = HALF_TURN * normal(random)
  const [cos, sin] = [(1 - t * t) / (1 + t * t), (2 * t) / (1 + t * t)]
  const field = elasticField(random)
  const jitter = JITTER * between(random, 0.4, 1.5)
  return strokes.map((stroke) =>
    stroke.map(({ x, y, corner }) => {
      const [dx, dy] = field(x, y)
      const left = (x + dx + jitter * normal(random)) * Math.max(0.4, width) + slant * (100 - y)
      const down = y + dy + jitter * normal(random)
      return { x: cos * left - sin * down, y: sin * left + cos * down, corner }
    }),
  )
}

/** A smooth field of displacements: random ones at KNOTS × KNOTS places, a quadratic B-spline between them. */
function elasticField(random: Random): (x: number, y: number) => [number, number] {
  const strength = ELASTICITY * between(random, 0.3, 1.7)
  const knots = Array.from({ length: 2 * KNOTS * KNOTS }, () => strength * normal(random))
  return (x, y) => {
    const [column, wx] = weights(x)
    const [row, wy] = weights(y)
    let [dx, dy] = [0, 0]
    for (let j = 0; j < 3; j++) {
      for (let i = 0; i < 3; i++) {
        const weight = (wx[i] as number) * (wy[j] as number)
        const knot = 2 * ((row + j) * KNOTS + column + i)
        dx += weight * (knots[knot] as number)
        dy += weight * (knots[knot + 1] as number)
      }
    }
    return [dx, dy]
  }
}

/** The first of the three knots that act at `place`, and how much each does (uniform quadratic B-spline). */
function weights(place: number): [number, readonly [number, number, number]] {
  const scaled = Math.min(Math.max(place / 100, 0), 1) * (KNOTS - 2)
  const first = Math.min(Math.floor(scaled), KNOTS - 3)
  const t = scaled - first
  return [first, [0.5 * (1 - t) * (1 - t), 0.5 + t - t * t, 0.5 * t * t]]
}
