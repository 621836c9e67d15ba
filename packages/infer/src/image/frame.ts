/**
 * From a grey picture of any size to a digit in MNIST's framing: light → ink → the digit among it → strokes as thick as MNIST's →
 * 20 pixels' size, centred by mass in 28×28. Pure pixel maths, the same in Node and in a browser.
 */
import { type Choice, chooseDigit, chooseDigits } from './choose-digit.js'
import { placeInField } from './field.js'
import { boxMean } from './filters.js'
import { framedAlready } from './framed-already.js'
import { paperSurface, type Surface } from './illumination.js'
import { type Ink, inkPlane, noiseOf, type Polarity } from './ink.js'
import type { Mask } from './mask.js'
import { type Box, type GreyPicture, greyOf, type Plane } from './picture.js'
import { isCandidate, type Lit, likelierReading, plainPolarity, type Reading, sharperReading } from './polarity.js'
import { inReadingOrder } from './reading-order.js'
import { resizeToSide } from './resample.js'
import { normaliseStrokes } from './stroke-width.js'

/** `yes`: the picture is dark on light; `no`: light on dark, as MNIST is; `auto`: find out. */
export type Invert = 'auto' | 'yes' | 'no'

export interface FrameOptions {
  readonly invert?: Invert
  /** Keep the pictures between the steps. */
  readonly explain?: boolean
}

/** A picture between two steps. */
export interface Step {
  readonly name: string
  readonly picture: GreyPicture
}

export interface FramedDigit {
  /** 28×28, paper 0, full ink 255. */
  readonly digit: GreyPicture
  readonly polarity: Polarity
  /** Where the digit is in the picture that was given, in its pixels. */
  readonly box: Box
  /** Empty unless `explain` was asked. */
  readonly steps: readonly Step[]
}

export interface NoDigit {
  readonly digit: null
  /** Why: 'it is blank', … */
  readonly reason: string
  readonly steps: readonly Step[]
}

export type Framed = FramedDigit | NoDigit

/**
 * The longest sides that the steps work at. Smaller pictures are enlarged to the first, so that sizes mean the same everywhere;
 * larger ones are shrunk. Most digits fill much of their picture, and the small view, a quarter of the work, shows all of them.
 */
const SMALL_SIDE = 104
const LARGE_SIDE = 320

/** Where there are several digits, each is a part of the picture. */
const MANY_SIDE = 640

/** A digit of so many pixels has the detail that 20 pixels can hold. */
const ENOUGH_PIXELS = 40

/**
 * Changes of light are wider than strokes, by so much of the longer side. Bold strokes want the first, steep light the second: both are
 * tried, and the sharper digit wins.
 */
const WINDOWS = [0.4, 0.16] as const

/** On even paper there is nothing but strokes. */
const PLAIN_WINDOW = WINDOWS[0]

/** Ink below this, of 255, is never ink: paper's grain, print that shows through, the edges of compression's blocks. */
const LEAST_INK = 24

/** Noise stays below so many of its standard deviations. */
const NOISE_SIGMAS = 5

/** Noisier pictures, in grey levels at the working size, are smoothed. */
const NOISY = 5
const VERY_NOISY = 14

const NOISE = 'it is noise, without a stroke that stands out'

/** Frames the digit in a picture. */
export function frameDigit(picture: GreyPicture, { invert = 'auto', explain = false }: FrameOptions = {}): Framed {
  const polarities = POLARITIES[invert]
  const done = framedAlready(picture, polarities)
  if (done !== undefined)
    return { ...done, box: { x: 0, y: 0, width: picture.width, height: picture.height }, steps: [] }

  const view = bestView(picture, polarities)
  const { reading, plane } = view
  const steps = explain ? stepsOf(picture, view) : []
  if (!isCandidate(reading.choice)) {
    return { digit: null, reason: view.noise < VERY_NOISY ? reading.choice.reason : NOISE, steps }
  }

  const digit = greyOf(placeInField(normaliseStrokes(reading.choice)))
  return {
    digit,
    polarity: reading.polarity,
    box: boxInPicture(reading.choice.box, plane, picture),
    steps: explain ? [...steps, { name: 'framed', picture: digit }] : [],
  }
}

/** A picture at one size, and what was found in it. */
interface View {
  readonly plane: Plane
  /** Standard deviation, in grey levels. */
  readonly noise: number
  readonly surface: Surface
  readonly reading: FullReading
}

export interface FramedMany {
  /** In the order of reading: rows from the top, each from the left. */
  readonly rows: readonly (readonly FramedDigit[])[]
  /** Why there is none; undefined where there are some. */
  readonly reason: string | undefined
  readonly steps: readonly Step[]
}

/** Frames every digit in a picture: a house number, a cheque's amount. */
export function frameDigits(picture: GreyPicture, { invert = 'auto', explain = false }: FrameOptions = {}): FramedMany {
  const view = viewAt(MANY_SIDE, picture, POLARITIES[invert])
  const { reading, plane, noise } = view
  const steps = explain ? stepsOf(picture, view) : []
  if (!isCandidate(reading.choice)) {
    return { rows: [], reason: noise < VERY_NOISY ? reading.choice.reason : NOISE, steps }
  }
  const found = chooseDigits(reading.ink, floorOf(noise, reading.ink))
  const rows = inReadingOrder(found.map((candidate) => ({ candidate, box: candidate.box }))).map((row) =>
    row.map(({ candidate, box }): FramedDigit => {
      const digit = greyOf(placeInField(normaliseStrokes(candidate)))
      return { digit, polarity: reading.polarity, box: boxInPicture(box, plane, picture), steps: [] }
    }),
  )
  const boxes = {
    name: 'digits',
    picture: outlined(
      plane,
      found.map(({ box }) => box),
    ),
  }
  const framed = rows.flat().map(({ digit }, index) => ({ name: `framed ${index + 1}`, picture: digit }))
  return { rows, reason: undefined, steps: explain ? [...steps.slice(0, -1), boxes, ...framed] : [] }
}

/** The small view; where it shows no digit or a little one, and the picture has more to show, the large one. */
function bestView(picture: GreyPicture, polarities: readonly Polarity[]): View {
  const small = viewAt(SMALL_SIDE, picture, polarities)
  if (Math.max(picture.width, picture.height) <= SMALL_SIDE) return small
  const { choice } = small.reading
  const seen = isCandidate(choice) ? Math.max(choice.box.width, choice.box.height) : 0
  return seen >= ENOUGH_PIXELS ? small : viewAt(LARGE_SIDE, picture, polarities)
}

function viewAt(side: number, picture: GreyPicture, polarities: readonly Polarity[]): View {
  const { plane, noise } = workingPlane(picture, side)
  const surface = paperSurface(plane)
  const read = (polarity: Polarity, window: number): FullReading => {
    const ink = inkPlane(plane, { surface, window }, polarity)
    return { polarity, ink, choice: chooseDigit(ink, floorOf(noise, ink)) }
  }
  const plain = plainPolarity({ picture: plane, surface: surface.plane })
  const reading =
    plain !== undefined && polarities.includes(plain)
      ? read(plain, PLAIN_WINDOW)
      : bestReading(polarities, { read, picture: plane, surface: surface.plane })
  return { plane, noise, surface, reading }
}

function floorOf(noise: number, { gain }: Ink): number {
  return Math.max(LEAST_INK, NOISE_SIGMAS * noise * gain)
}

interface Readers extends Lit {
  readonly read: (polarity: Polarity, window: number) => FullReading
}

/** Every polarity with every window. */
function bestReading(polarities: readonly Polarity[], { read, ...lit }: Readers): FullReading {
  const readings = polarities.map((polarity) => {
    const [wide, narrow] = WINDOWS.map((window) => read(polarity, window)) as [FullReading, FullReading]
    return sharperReading(wide, narrow)
  })
  const [first, second] = readings as [FullReading, FullReading?]
  return second === undefined ? first : likelierReading(first, second, lit)
}

const POLARITIES: Readonly<Record<Invert, readonly Polarity[]>> = {
  auto: ['dark-on-light', 'light-on-dark'],
  yes: ['dark-on-light'],
  no: ['light-on-dark'],
}

/** The picture at the size that is worked at, smoothed where it is noisy, and the noise that is left. */
function workingPlane({ width, height, pixels }: GreyPicture, most: number): { plane: Plane; noise: number } {
  const given: Plane = { width, height, values: Float32Array.from(pixels) }
  const longest = Math.max(width, height)
  const side = Math.max(SMALL_SIDE, Math.min(most, longest))
  const shrunk = side < longest ? resizeToSide(given, side) : given
  // Measured and smoothed before anything is enlarged: enlarged noise is no longer fine.
  const measured = noiseOf(shrunk)
  const radius = measured < NOISY ? 0 : measured < VERY_NOISY || side > longest ? 1 : 2
  const smooth = boxMean(shrunk, radius)
  return { plane: side > longest ? resizeToSide(smooth, side) : smooth, noise: measured / (radius + 1) }
}

function boxInPicture(box: Box, from: Plane, to: GreyPicture): Box {
  const scale = to.width / from.width
  const x = Math.floor(box.x * scale)
  const y = Math.floor(box.y * scale)
  return {
    x,
    y,
    width: Math.min(to.width - x, Math.ceil(box.width * scale)),
    height: Math.min(to.height - y, Math.ceil(box.height * scale)),
  }
}

interface FullReading extends Reading {
  readonly ink: Ink
}

function stepsOf(picture: GreyPicture, { plane, surface, reading }: View): Step[] {
  return [
    { name: 'picture', picture },
    { name: 'working size', picture: greyOf(plane) },
    { name: 'light', picture: greyOf(surface.plane) },
    { name: `ink, ${reading.polarity}`, picture: greyOf(reading.ink.plane) },
    ...choiceSteps(reading.choice),
  ]
}

function choiceSteps(choice: Choice): Step[] {
  if (!isCandidate(choice)) return []
  return [
    { name: 'thresholded', picture: greyOfMask(choice.thresholded) },
    { name: 'digit', picture: greyOf(choice.ink) },
  ]
}

/** The picture with each box drawn around, in whichever of black and white shows. */
function outlined(plane: Plane, boxes: readonly Box[]): GreyPicture {
  const picture = greyOf(plane)
  const { width, height, pixels } = picture
  const draw = (x: number, y: number): void => {
    if (x < 0 || y < 0 || x >= width || y >= height) return
    pixels[y * width + x] = (plane.values[y * width + x] as number) < 128 ? 255 : 0
  }
  for (const box of boxes) {
    for (let x = box.x - 1; x <= box.x + box.width; x++) for (const y of [box.y - 1, box.y + box.height]) draw(x, y)
    for (let y = box.y; y < box.y + box.height; y++) for (const x of [box.x - 1, box.x + box.width]) draw(x, y)
  }
  return picture
}

function greyOfMask({ width, height, values }: Mask): GreyPicture {
  return { width, height, pixels: values.map((value) => 255 * value) }
}
