/**
 * Digits as if written by hand, for where MNIST can't be had: a skeleton of the digit is chosen, distorted, drawn with a pen
 * of varying width and framed as MNIST's makers did. Only the four basic operations and square roots are used, which
 * IEEE 754 fixes to the last bit: a seed gives the same bytes on every machine.
 */
import { UserError } from 'mnist-export/errors'
import { CLASSES, DIGIT_PIXELS, type Digits } from '../digits.js'
import { createRandom, type Random } from '../random.js'
import { blend } from './blend.js'
import { distort, jitter } from './distort.js'
import { BOX, centreByMass, fitToBox } from './frame.js'
import { penRadii, penRadius } from './pen.js'
import { rasterise } from './rasterise.js'
import { SKELETONS, type Skeleton } from './skeletons.js'
import { type Line, sample } from './spline.js'

export interface GenerateOptions {
  /** How many; a whole number from 1. */
  readonly count: number
  /** A whole number from 0 to 2^53 - 1; each makes other digits. */
  readonly seed: number
}

/** Distance of a polyline's points, in a skeleton's units: about a pixel. */
export const STEP = 6

/** Share of the digits that are written in a hand between two styles. */
const BLENDED = 0.5

/** Generated digits: of each ten, one of every class, in random order. */
export function generateDigits({ count, seed }: GenerateOptions): Digits {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new UserError('USAGE', `count of digits: expected a whole number from 1, found ${count}`)
  }
  const random = createRandom(seed, 'generated digits')
  const labels = shuffledLabels(count, createRandom(seed, 'labels of generated digits'))
  const images = new Uint8Array(count * DIGIT_PIXELS)
  const box = new Float64Array(BOX * BOX)
  for (let index = 0; index < count; index++) {
    box.fill(0)
    write(labels[index] as number, box, random)
    centreByMass(box, images.subarray(index * DIGIT_PIXELS, (index + 1) * DIGIT_PIXELS))
  }
  return { images, labels, count }
}

/** Each run of ten holds every class once, so that any beginning of the set is balanced too. */
function shuffledLabels(count: number, random: Random): Uint8Array {
  const labels = Uint8Array.from({ length: count }, (_, index) => index % CLASSES)
  for (let start = 0; start < count; start += CLASSES) {
    for (let left = Math.min(CLASSES, count - start) - 1; left > 0; left--) {
      const [here, there] = [start + left, start + Math.floor(random() * (left + 1))]
      const label = labels[here] as number
      labels[here] = labels[there] as number
      labels[there] = label
    }
  }
  return labels
}

/** Writes one digit into the box of ink. */
function write(digit: number, box: Float64Array, random: Random): void {
  const lines = skeletonLines(digit, random)
  distort(lines, random)
  const radius = penRadius(random)
  fitToBox(lines, radius)
  const strokes = lines.map((line) => ({ line, radii: penRadii(line, radius, random) }))
  rasterise(strokes, box, BOX)
}

/** The digit in one style, or in a hand between two. */
export function skeletonLines(digit: number, random: Random): readonly Line[] {
  const lines = drawn(choose(digit, random), random)
  return random() < BLENDED ? blend(lines, drawn(choose(digit, random), random), 0.5 * random()) : lines
}

function drawn(skeleton: Skeleton, random: Random): Line[] {
  return jitter(skeleton, random).map((stroke) => sample(stroke, STEP))
}

/** A style of the digit, by weight. */
function choose(digit: number, random: Random): Skeleton {
  const styles = SKELETONS[digit] as readonly Skeleton[]
  let left = random() * styles.reduce((sum, { weight }) => sum + weight, 0)
  for (const style of styles) {
    left -= style.weight
    if (left < 0) return style
  }
  return styles[styles.length - 1] as Skeleton
}
