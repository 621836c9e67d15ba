/** The pen: how thick it is, and how its pressure changes along a stroke. */
import type { Random } from '../random.js'
import { between, normal } from './normal.js'
import type { Line } from './spline.js'

/** How unevenly the roughest pen's ink flows: deviation of the radius from point to point. */
const ROUGHNESS = 0.16

/** The radius of this digit's pen, in pixels of the 20×20 box: most pens are thin, some are markers. */
export function penRadius(random: Random): number {
  const u = (random() + random()) / 2
  return 0.65 + 1.1 * u + 0.6 * u * u * u
}

/** A radius for each point of the line: the pen's, with the pressure drifting along the way and by the pen's angle. */
export function penRadii(line: Line, radius: number, random: Random): Float64Array {
  const count = line.length / 2
  const [start, middle, end] = [pressure(random), pressure(random), pressure(random)]
  // A broad nib is thicker across one direction: (nx, ny) is that direction, not of unit length.
  const [nx, ny] = [between(random, -1, 1), between(random, -1, 1)]
  const nib = 0.2 * random()
  const roughness = ROUGHNESS * random()
  return Float64Array.from({ length: count }, (_, index) => {
    const t = count === 1 ? 0 : index / (count - 1)
    const drift = (1 - t) * (1 - t) * start + 2 * t * (1 - t) * middle + t * t * end
    const [dx, dy] = direction(line, index)
    const across = dx * nx + dy * ny
    return Math.max(0.4, radius * drift * (1 + nib * (across * across - 0.3) + roughness * normal(random)))
  })
}

function pressure(random: Random): number {
  return 1 + 0.14 * normal(random)
}

/** The unit vector of the line's way at a point; (0, 0) where it stands still. */
function direction(line: Line, index: number): [number, number] {
  const last = line.length / 2 - 1
  const [from, to] = [Math.max(0, index - 1), Math.min(last, index + 1)]
  const dx = (line[2 * to] as number) - (line[2 * from] as number)
  const dy = (line[2 * to + 1] as number) - (line[2 * from + 1] as number)
  const length = Math.sqrt(dx * dx + dy * dy)
  return length < 1e-9 ? [0, 0] : [dx / length, dy / length]
}
