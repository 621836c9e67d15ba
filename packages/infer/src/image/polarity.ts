/**
 * Which of ink and paper is the darker one. Five signs, added up as logarithms of odds: which reading's digit stands out from
 * most of the picture and ends sharply, what most of the picture and its edges are, which digit holds the other.
 */
import type { Candidate, Choice } from './choose-digit.js'
import type { Polarity } from './ink.js'
import { percentile } from './percentile.js'
import type { Plane } from './picture.js'

/** A picture and the brightness of its paper, of the same size. */
export interface Lit {
  readonly picture: Plane
  readonly surface: Plane
}

/** Keeps the ratio of two standings finite. */
const LEAST_STANDING = 0.05

export interface Reading {
  readonly polarity: Polarity
  readonly choice: Choice
}

/** The sharper of two readings in the same polarity. */
export function sharperReading<R extends Reading>(a: R, b: R): R {
  if (!isCandidate(b.choice)) return a
  if (!isCandidate(a.choice)) return b
  return readingScore(a.choice) >= readingScore(b.choice) ? a : b
}

function readingScore({ sharpness, standing }: Candidate): number {
  return sharpness * (standing + LEAST_STANDING)
}

/** The likelier of two polarities. A reading in which there is no digit loses against one in which there is. */
export function likelierReading<R extends Reading>(dark: R, light: R, lit: Lit): R {
  if (!isCandidate(light.choice)) return dark
  if (!isCandidate(dark.choice)) return light
  return darkOdds(dark.choice, light.choice, lit) >= 0 ? dark : light
}

export function isCandidate(choice: Choice): choice is Candidate {
  return 'mask' in choice
}

/**
 * Above 0: dark on light. The weights are a logistic regression's on 800 drawn digits under all kinds of light, on all kinds of
 * paper, rounded; alone, the signs are right on 98, 96, 87, 84 and 24 % of them: what is shut in between a digit and the edge is
 * larger than the digit.
 */
function darkOdds(dark: Candidate, light: Candidate, lit: Lit): number {
  return (
    1.3 * logRatio(dark.standing + LEAST_STANDING, light.standing + LEAST_STANDING) +
    0.6 * massOdds(lit) +
    0.4 * edgeOdds(lit.picture) +
    1.3 * logRatio(dark.sharpness, light.sharpness) -
    0.8 * logRatio(extent(dark), extent(light))
  )
}

function extent({ box }: Candidate): number {
  return Math.max(box.width, box.height)
}

/** The edges are mostly paper: how many of their pixels are nearer to the light end than to the dark end. */
function edgeOdds({ width, height, values }: Plane): number {
  const middle = (percentile(values, { share: 0.02 }) + percentile(values, { share: 0.98 })) / 2
  let [lightPixels, darkPixels] = [1, 1]
  for (let index = 0; index < values.length; index++) {
    const x = index % width
    const y = (index - x) / width
    if (x > 0 && y > 0 && x < width - 1 && y < height - 1) continue
    if ((values[index] as number) > middle) lightPixels++
    else darkPixels++
  }
  return logRatio(lightPixels, darkPixels)
}

/** Ink stands out from the paper's surface, on one side of it. */
function massOdds(lit: Lit): number {
  const { below, over } = masses(lit)
  return logRatio(below + 1, over + 1)
}

/** What stands out below and above the surface, and how many pixels lie on it. */
function masses({ picture, surface }: Lit): { below: number; over: number; level: number } {
  let [below, over, level] = [0, 0, 0]
  for (let index = 0; index < picture.values.length; index++) {
    const apart = (picture.values[index] as number) - (surface.values[index] as number)
    if (apart < -STANDS_OUT) below -= apart
    else if (apart > STANDS_OUT) over += apart
    else level++
  }
  return { below, over, level }
}

/** Further from the surface than this, in grey levels, is more than unevenness. */
const STANDS_OUT = 16

/**
 * The polarity of a picture that leaves no doubt: nearly all that stands out from an even paper does so on one side, and it is not
 * much. undefined where the readings must be compared.
 */
export function plainPolarity(lit: Lit): Polarity | undefined {
  const { below, over, level } = masses(lit)
  if (level < 0.6 * lit.picture.values.length) return undefined
  if (below > 50 * over) return 'dark-on-light'
  if (over > 50 * below) return 'light-on-dark'
  return undefined
}

/** ln(a / b), within ±3, so that no sign outvotes all others. */
function logRatio(a: number, b: number): number {
  return Math.max(-3, Math.min(3, Math.log(a / b)))
}
