/** What pens, lenses and sensors do to a picture's ink, 28×28 of values 0…255: pixel maths of the four basic operations. */
import { createRandom, DIGIT_SIZE as SIDE } from 'mnist-infer/mnist'

const COUNT = SIDE * SIDE
const before = new Float64Array(COUNT)

/**
 * Thicker strokes for an `amount` above 0, thinner ones below it; at ±1 each pixel becomes the greatest (least) of itself and
 * its four neighbours.
 */
export function thicken(picture: Float64Array, amount: number): void {
  before.set(picture)
  // The least is the greatest of all with the other sign.
  const sign = amount > 0 ? 1 : -1
  for (let y = 1; y < SIDE - 1; y++) {
    for (let index = y * SIDE + 1; index < (y + 1) * SIDE - 1; index++) {
      const here = sign * (before[index] as number)
      const level = Math.max(sign * (before[index - 1] as number), sign * (before[index + 1] as number))
      const upright = Math.max(sign * (before[index - SIDE] as number), sign * (before[index + SIDE] as number))
      picture[index] = sign * here + amount * (Math.max(here, Math.max(level, upright)) - here)
    }
  }
}

/** A lens out of focus: at `amount` 1 the binomial filter ¼ ½ ¼ along rows and columns. */
export function blur(picture: Float64Array, amount: number): void {
  before.set(picture)
  for (let y = 1; y < SIDE - 1; y++) {
    for (let index = y * SIDE + 1; index < (y + 1) * SIDE - 1; index++) {
      const here = before[index] as number
      const above = sumOfThree(index - SIDE)
      const below = sumOfThree(index + SIDE)
      const mean = (above + 2 * sumOfThree(index) + below) / 16
      picture[index] = here + amount * (mean - here)
    }
  }
}

function sumOfThree(index: number): number {
  return (before[index - 1] as number) + 2 * (before[index] as number) + (before[index + 1] as number)
}

/** Edges that are harder (`gain` above 1) or softer around half ink, and full ink that is `ink`, 0…1, of it. */
export function contrast(picture: Float64Array, { gain, ink }: { gain: number; ink: number }): void {
  for (let index = 0; index < COUNT; index++) {
    const value = ((picture[index] as number) - 127.5) * gain + 127.5
    picture[index] = ink * Math.min(255, Math.max(0, value))
  }
}

/** More than a picture's pixels, and a prime: no two pictures get the same noise at the same place soon. */
const NOISE_COUNT = 16_381

/** Nearly normal, deviation 1: the sum of four even numbers, scaled; the same for every run, which only chooses where to begin. */
const NOISE = noiseTable()

function noiseTable(): Float64Array {
  const random = createRandom(0, 'noise of pictures')
  return Float64Array.from({ length: NOISE_COUNT }, () => (random() + random() + random() + random() - 2) * 1.7320508)
}

/** Grain of `deviation` grey levels; `start` 0…1 chooses which. */
export function grain(picture: Float64Array, { deviation, start }: { deviation: number; start: number }): void {
  let place = Math.floor(start * NOISE_COUNT)
  for (let index = 0; index < COUNT; index++) {
    picture[index] = (picture[index] as number) + deviation * (NOISE[place] as number)
    place = place + 1 === NOISE_COUNT ? 0 : place + 1
  }
}
