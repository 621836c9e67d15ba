/**
 * Pictures of no digit, for networks that are to know when there is none: letters and signs of real and made-up scripts, digits that lie on their side, two in
 * one, scribbles, crossing lines, textures; distorted, drawn and framed by the rules of the generated digits, and by the same
 * arithmetic: a seed gives the same bytes on every machine.
 */
import { UserError } from 'mnist-export/errors'
import { DIGIT_PIXELS } from '../digits.js'
import { createRandom, type Random } from '../random.js'
import { distort, jitter } from './distort.js'
import { BOX, centreByMass, fitToBox } from './frame.js'
import type { GenerateOptions } from './generate-digits.js'
import { STEP, skeletonLines } from './generate-digits.js'
import { LETTERS } from './letters.js'
import { between } from './normal.js'
import { penRadii, penRadius } from './pen.js'
import { rasterise } from './rasterise.js'
import type { Stroke } from './skeletons.js'
import { type Line, sample } from './spline.js'

type Box = Float64Array

/** What there is, and how often, relative to the others. */
const KINDS: readonly (readonly [weight: number, fill: (box: Box, random: Random) => void])[] = [
  [5, drawn(letter)],
  [4, drawn(glyph)],
  [3, drawn(onItsSide)],
  [2, drawn(twoDigits)],
  [4, drawn(scribble)],
  [2, drawn(crossing)],
  [2, texture],
]

const WEIGHTS = KINDS.reduce((sum, [weight]) => sum + weight, 0)

/** @returns [count × 784], paper 0, full ink 255, framed as digits are */
export function generateOutliers({ count, seed }: GenerateOptions): Uint8Array {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new UserError('USAGE', `count of outliers: expected a whole number from 0, found ${count}`)
  }
  const random = createRandom(seed, 'generated outliers')
  const images = new Uint8Array(count * DIGIT_PIXELS)
  const box = new Float64Array(BOX * BOX)
  for (let index = 0; index < count; index++) {
    box.fill(0)
    kindOf(random() * WEIGHTS)(box, random)
    centreByMass(box, images.subarray(index * DIGIT_PIXELS, (index + 1) * DIGIT_PIXELS))
  }
  return images
}

function kindOf(place: number): (box: Box, random: Random) => void {
  let left = place
  for (const [weight, fill] of KINDS) {
    left -= weight
    if (left < 0) return fill
  }
  return texture
}

/** Lines in a skeleton's units, drawn with a pen and made to fill the box. */
function drawn(linesOf: (random: Random) => readonly Line[]): (box: Box, random: Random) => void {
  return (box, random) => {
    const lines = linesOf(random)
    distort(lines, random)
    const radius = penRadius(random)
    fitToBox(lines, radius)
    rasterise(
      lines.map((line) => ({ line, radii: penRadii(line, radius, random) })),
      box,
      BOX,
    )
  }
}

function letter(random: Random): readonly Line[] {
  const strokes = LETTERS[Math.floor(random() * LETTERS.length)] as readonly Stroke[]
  return jitter({ strokes, weight: 1 }, random).map((stroke) => sample(stroke, STEP))
}

/** Columns and rows of the places between which a script's strokes go. */
const PLACES = 3

/** A sign of some script that nobody writes: three to five strokes between nine places, some of them bent; closed now and then. */
function glyph(random: Random): readonly Line[] {
  const count = 3 + Math.floor(3 * random())
  const place = (): { x: number; y: number; corner: boolean } => ({
    x: 35 * Math.floor(PLACES * random()),
    y: 50 * Math.floor(PLACES * random()),
    corner: random() < 0.6,
  })
  const strokes = Array.from({ length: count }, () => {
    const [from, to] = [place(), place()]
    // From a place to itself there is no stroke; it goes to the next column.
    const end = from.x === to.x && from.y === to.y ? { ...to, x: (to.x + 35) % (35 * PLACES) } : to
    return random() < 0.5 ? [from, end] : [from, place(), end]
  })
  return jitter({ strokes, weight: 1 }, random).map((stroke) => sample(stroke, STEP))
}

/** Digits that are none when they are turned by a right angle. */
const UPRIGHT_ONLY = [2, 3, 4, 5] as const

function onItsSide(random: Random): readonly Line[] {
  const lines = skeletonLines(UPRIGHT_ONLY[Math.floor(random() * UPRIGHT_ONLY.length)] as number, random)
  const left = random() < 0.5
  for (const line of lines) {
    for (let index = 0; index < line.length; index += 2) {
      const [x, y] = [line[index] as number, line[index + 1] as number]
      line[index] = left ? y : 100 - y
      line[index + 1] = left ? 100 - x : x
    }
  }
  return lines
}

/** Beside one another. Two ones are as good a pair of lines as any. */
function twoDigits(random: Random): readonly Line[] {
  const pair = [0, 1].map(() => skeletonLines(Math.floor(10 * random()), random))
  const gap = between(random, -10, 25)
  const [first, second] = pair as [readonly Line[], readonly Line[]]
  const [from, to] = [extremeX(second, Math.min), extremeX(first, Math.max)]
  for (const line of second) {
    for (let index = 0; index < line.length; index += 2) line[index] = (line[index] as number) - from + to + gap
  }
  return [...first, ...second]
}

function extremeX(lines: readonly Line[], of: (a: number, b: number) => number): number {
  return lines.reduce((most, line) => {
    for (let index = 0; index < line.length; index += 2) most = of(most, line[index] as number)
    return most
  }, lines[0]?.[0] ?? 0)
}

/** A pen that wanders: each point a step further, in a direction that turns. */
function scribble(random: Random): readonly Line[] {
  const count = 11 + Math.floor(14 * random())
  const step = between(random, 18, 45)
  // A direction of no fixed length, and how much of it is kept at each point: straight runs, or knots.
  const keep = between(random, 0.1, 0.8)
  let [x, y, dx, dy] = [50, 50, between(random, -1, 1), between(random, -1, 1)]
  const stroke = Array.from({ length: count }, () => {
    dx = keep * dx + between(random, -1, 1)
    dy = keep * dy + between(random, -1, 1)
    // Back to the middle, the more the farther.
    dx -= (x - 50) / 120
    dy -= (y - 50) / 120
    x += step * dx
    y += step * dy
    return { x, y, corner: random() < 0.15 }
  })
  return [sample(stroke, STEP)]
}

/** Three to six lines across one another, every other one along, bent a little. */
function crossing(random: Random): readonly Line[] {
  const count = 3 + Math.floor(4 * random())
  return Array.from({ length: count }, (_, index) => {
    const along = index % 2 === 0
    const [from, to] = [between(random, 0, 100), between(random, 0, 100)]
    const middle = (from + to) / 2 + between(random, -12, 12)
    const places = [
      [between(random, 0, 20), from],
      [50, middle],
      [between(random, 80, 100), to],
    ] as const
    return sample(
      places.map(([a, b]) => (along ? { x: a, y: b, corner: false } : { x: b, y: a, corner: false })),
      STEP,
    )
  })
}

/** No strokes at all: cloudy or grained, hard or soft, over the whole box. */
function texture(box: Box, random: Random): void {
  const knots = 3 + Math.floor(10 * random())
  const values = Float64Array.from({ length: (knots + 1) ** 2 }, random)
  const hardness = between(random, 1, 8)
  const level = between(random, 0.35, 0.65)
  for (let row = 0; row < BOX; row++) {
    for (let column = 0; column < BOX; column++) {
      const [x, y] = [(column / BOX) * knots, (row / BOX) * knots]
      const [left, top] = [Math.floor(x), Math.floor(y)]
      const [u, v] = [x - left, y - top]
      const at = (i: number, j: number): number => values[(top + j) * (knots + 1) + left + i] as number
      const value = (1 - v) * ((1 - u) * at(0, 0) + u * at(1, 0)) + v * ((1 - u) * at(0, 1) + u * at(1, 1))
      box[row * BOX + column] = Math.min(1, Math.max(0, (value - level) * hardness + 0.5))
    }
  }
  // Bare paper has no centre of mass.
  box[(BOX * BOX) / 2 + BOX / 2] = 1
}
