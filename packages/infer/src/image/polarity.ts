/**
 * Which of ink and paper is the darker one. Four signs, added up as logarithms of odds: what the most of the picture is, what its
 * edges are, which of the two readings has the larger digit-like thing, and whose strokes are thinner.
 */
import type { Candidate, Choice } from './choose-digit.js'
import type { Polarity } from './ink.js'
import type { Plane } from './picture.js'

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

function readingScore({ contour, sharpness }: Candidate): number {
  return Math.log(contour.strength) + 2 * Math.log(sharpness)
}

/** The likelier of two polarities. A reading in which there is no digit loses against one in which there is. */
export function likelierReading<R extends Reading>(dark: R, light: R, picture: { picture: Plane; surface: Plane }): R {
  if (!isCandidate(light.choice)) return dark
  if (!isCandidate(dark.choice)) return light
  return darkOdds(dark.choice, light.choice, picture) >= 0 ? dark : light
}

export function isCandidate(choice: Choice): choice is Candidate {
  return 'mask' in choice
}

/** Above 0: dark on light. */
function darkOdds(dark: Candidate, light: Candidate, picture: { picture: Plane; surface: Plane }): number {
  const signs = signsOf(dark, light, picture)
  return signs.reduce((sum, sign, index) => sum + sign * (WEIGHTS[index] as number), 0)
}

const WEIGHTS = [2, 2, 2, 1, 1, 1, 1, 1.5]

export function signsOf(
  dark: Candidate,
  light: Candidate,
  { picture, surface }: { picture: Plane; surface: Plane },
): number[] {
  return [
    logRatio(dark.contour.strength, light.contour.strength),
    logRatio(dark.sharpness, light.sharpness),
    logRatio(dark.standing + 0.05, light.standing + 0.05),
    logRatio(dark.darkness, light.darkness),
    logRatio(light.thickness / extent(light), dark.thickness / extent(dark)),
    logRatio(extent(dark), extent(light)),
    edgeOdds(picture),
    massOdds(picture, surface),
  ]
}

function extent({ box }: Candidate): number {
  return Math.max(box.width, box.height)
}

/** The edges are mostly paper: how many of their pixels are nearer to the light end than to the dark end. */
function edgeOdds({ width, height, values }: Plane): number {
  const sorted = values.slice().sort()
  const low = sorted[Math.floor(0.02 * sorted.length)] as number
  const high = sorted[Math.floor(0.98 * (sorted.length - 1))] as number
  const middle = (low + high) / 2
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
function massOdds(picture: Plane, surface: Plane): number {
  let [below, over] = [1, 1]
  for (let index = 0; index < picture.values.length; index++) {
    const apart = (picture.values[index] as number) - (surface.values[index] as number)
    if (apart < -16) below -= apart
    if (apart > 16) over += apart
  }
  return logRatio(below, over)
}

/** ln(a / b), within ±3, so that no sign outvotes all others. */
function logRatio(a: number, b: number): number {
  return Math.max(-3, Math.min(3, Math.log(a / b)))
}
