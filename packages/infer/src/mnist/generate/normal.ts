/** Random numbers other than uniform ones, from the four basic operations alone: the same on every machine. */
import type { Random } from '../random.js'

/**
 * Almost normal, mean 0 and deviation 1: the sum of four uniform numbers, scaled (Irwin and Hall's distribution). Never
 * beyond ±3.47, which suits: no stroke should leap across the picture.
 */
export function normal(random: Random): number {
  return (random() + random() + random() + random() - 2) * SQRT_3
}

/** Uniform in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random()
}

/** The standard deviation of four uniform numbers' sum is √(4/12) = 1/√3. */
const SQRT_3 = 1.7320508075688772
