/** One writer's hand: moves a digit's lines as no two people, and no one twice, would draw them. */
import type { Random } from '../random.js'
import { between, normal } from './normal.js'
import type { Skeleton, Stroke } from './skeletons.js'
import type { Line } from './spline.js'

/** How far a skeleton's points move by themselves, in its units. */
const JITTER = 1.8

/** How far the elastic field moves what lies in it, in the same units. */
const ELASTICITY = 8

/** Knots of the elastic field in each direction. */
const KNOTS = 5

/** A digit's width: of the skeleton's. */
const WIDTH = { mean: 1.15, deviation: 0.2, least: 0.45 }

/** How far x moves for a unit of y's height. */
const SLANT = { mean: 0.12, deviation: 0.25 }

/** Half the angle, in radians, by which the paper lies askew. */
const HALF_TURN = 0.07

/** The skeleton's strokes, each point a little beside its place. */
export function jitter({ strokes }: Skeleton, random: Random): Stroke[] {
  const distance = JITTER * between(random, 0.4, 1.6)
  return strokes.map((stroke) =>
    stroke.map(({ x, y, corner }) => ({
      x: x + distance * normal(random),
      y: y + distance * normal(random),
      corner,
    })),
  )
}

/** Bends, widens, slants and turns `lines`, in place, all by the same rule. */
export function distort(lines: readonly Line[], random: Random): void {
  const width = Math.max(WIDTH.least, WIDTH.mean + WIDTH.deviation * normal(random))
  const slant = SLANT.mean + SLANT.deviation * normal(random)
  // cos and sin of twice the angle whose tangent is `t`: exact arithmetic, the same on every machine.
  const t = HALF_TURN * normal(random)
  const [cos, sin] = [(1 - t * t) / (1 + t * t), (2 * t) / (1 + t * t)]
  const field = elasticField(random)
  for (const line of lines) {
    for (let index = 0; index < line.length; index += 2) {
      const [x, y] = [line[index] as number, line[index + 1] as number]
      const [dx, dy] = field(x, y)
      const left = (x + dx) * width + slant * (100 - y)
      const down = y + dy
      line[index] = cos * left - sin * down
      line[index + 1] = sin * left + cos * down
    }
  }
}

/** A smooth field of displacements: random ones at KNOTS × KNOTS places, a quadratic B-spline between them. */
function elasticField(random: Random): (x: number, y: number) => [number, number] {
  const strength = ELASTICITY * between(random, 0.3, 1.7)
  const knots = Float64Array.from({ length: 2 * KNOTS * KNOTS }, () => strength * normal(random))
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
