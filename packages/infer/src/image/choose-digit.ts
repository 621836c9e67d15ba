/** Which ink is the digit: the largest connected part, with the separate strokes that belong to it. */
import { type Component, type Components, connectedComponents, maskOf } from './components.js'
import { type Contour, contourOf } from './contour.js'
import type { Ink } from './ink.js'
import { above, type Mask, masked, otsu } from './mask.js'
import { percentile } from './percentile.js'
import type { Box, Plane } from './picture.js'
import { removeRuledLines } from './ruled-lines.js'
import { strokeThickness } from './strokes.js'

export interface Candidate {
  /** The digit's own pixels. */
  readonly mask: Mask
  readonly box: Box
  /** Its ink and nothing else's, 0…255. */
  readonly ink: Plane
  /** Mean thickness of its strokes, in pixels. */
  readonly thickness: number
  /** Its own darkness, 1…255: the ink that a fifth of its pixels exceed. */
  readonly darkness: number
  readonly contour: Contour
  /** How sharply it ends: the mean fall across its contour as a share of its own ink; about 1 for ink, less for light. */
  readonly sharpness: number
  /**
   * How much of its ink also stands out from what most of the picture is; about 1 for ink, about 0 for paper that is shut in
   * between a digit and something else as dark.
   */
  readonly standing: number
  /** The ink above the threshold, lines taken out, before the choice. */
  readonly thresholded: Mask
}

export type Choice = Candidate | { readonly reason: string }

/** A part's weak surroundings belong to it down to this share of the threshold that its core passes. */
const WEAK_SHARE = 0.5

/** Of all ink, the digit has at least this share, or else it is one speck among many. */
const LEAST_SHARE = 0.2
const MANY_PARTS = 20

/** A digit's longer side, as a share of the picture's, and in pixels. */
const LEAST_SIDE = 0.03
const LEAST_PIXELS = 4

/**
 * Chooses the digit.
 *
 * @param floor Ink below this is noise.
 */
export function chooseDigit(ink: Ink, floor: number): Choice {
  const found = findParts(ink, floor)
  const { parts } = found
  const [main] = [...parts].sort((a, b) => weightOf(b, ink.plane) - weightOf(a, ink.plane))
  if (main === undefined) return { reason: 'it is blank' }
  const own = withSatellites(main, parts)
  const total = parts.reduce((sum, part) => sum + part.ink, 0)
  const share = own.reduce((sum, part) => sum + part.ink, 0) / total
  if (share < LEAST_SHARE && parts.length > MANY_PARTS) return { reason: 'it is noise: many specks, no stroke' }
  const { width, height } = boxAround(own.map((part) => part.box))
  const { plane } = ink
  if (Math.max(width, height) < Math.max(LEAST_PIXELS, LEAST_SIDE * Math.max(plane.width, plane.height)))
    return { reason: 'it has specks only' }
  return candidateOf(own, found, ink)
}

/** Digits that stand beside and below one another are so high, as a share of the highest. */
const LEAST_HEIGHT = 0.45

/** Every digit there is: each part that is about as high as the highest, with the separate strokes that belong to it. In no order. */
export function chooseDigits(ink: Ink, floor: number): Candidate[] {
  const found = findParts(ink, floor)
  const { plane } = ink
  let rest = found.parts.filter(
    ({ box }) => Math.max(box.width, box.height) >= LEAST_PIXELS && !isFrameSide(box, plane),
  )
  const highest = Math.max(...rest.map(({ box }) => box.height))
  const digits: Candidate[] = []
  for (const main of [...rest].sort((a, b) => b.box.height - a.box.height)) {
    if (main.box.height < LEAST_HEIGHT * highest) break
    if (!rest.includes(main)) continue
    // Another digit is no stroke of this one, however near it is.
    const small = rest.filter((part) => part === main || part.box.height < LEAST_HEIGHT * main.box.height)
    const own = withSatellites(main, small)
    rest = rest.filter((part) => !own.includes(part))
    digits.push(candidateOf(own, found, ink))
  }
  return digits
}

/** Within this share of the picture's width or height from its edge, and at least so long, a thin part is a frame's side. */
const FRAME_MARGIN = 0.08
const FRAME_SIDE = 0.6

/** A side of a frame, of which the lines' removal has taken the others. */
function isFrameSide({ x, y, width, height }: Box, picture: Plane): boolean {
  const [marginX, marginY] = [FRAME_MARGIN * picture.width, FRAME_MARGIN * picture.height]
  const upright = x + width <= marginX || x >= picture.width - marginX
  const level = y + height <= marginY || y >= picture.height - marginY
  return (upright && height >= FRAME_SIDE * picture.height) || (level && width >= FRAME_SIDE * picture.width)
}

interface Found {
  readonly components: Components
  /** Those that the threshold leaves, without what surrounds a digit. */
  readonly parts: readonly Component[]
  readonly weak: Mask
}

function findParts({ plane: ink }: Ink, floor: number): Found {
  const { mask: unruled } = removeRuledLines(above(ink, floor))
  const free = withoutSurroundings(unruled, ink)
  const threshold = otsu(masked(ink, free).values, floor)
  const weak = above(masked(ink, free), Math.max(floor, WEAK_SHARE * threshold))
  const components = connectedComponents(weak, ink)
  const strong = components.parts.filter(({ peak }) => peak > threshold)
  // Once more: what surrounds a digit may have hung together with it through the faint ink that the threshold has cut.
  const inside = strong.filter((part) => !surrounds(part, strong, weak))
  return { components, parts: inside.length === 0 ? strong : inside, weak }
}

function candidateOf(own: readonly Component[], { components, parts, weak }: Found, { plane, raised }: Ink): Candidate {
  const mask = maskOf(components, own, weak)
  const digit = masked(plane, mask)
  const contour = contourOf(mask, plane)
  const darkness = darknessOf(digit)
  return {
    mask,
    box: boxAround(own.map((part) => part.box)),
    ink: digit,
    thickness: strokeThickness(mask),
    darkness,
    contour,
    sharpness: contour.length === 0 ? 0 : contour.strength / contour.length / darkness,
    standing: Math.max(0, Math.min(1, sumOf(masked(raised, mask)) / sumOf(digit))),
    thresholded: maskOf(components, parts, weak),
  }
}

/** Takes away what lies around a digit rather than being one: the table beside the paper, a frame, a scan's black border. */
function withoutSurroundings(mask: Mask, ink: Plane): Mask {
  const components = connectedComponents(mask, ink)
  const kept = components.parts.filter((part) => !surrounds(part, components.parts, mask))
  // All of it touches the edges: a digit that was cut out too tightly is better than nothing.
  return kept.length === 0 ? mask : maskOf(components, kept, mask)
}

function surrounds(part: Component, parts: readonly Component[], picture: Mask): boolean {
  const outline = 2 * (part.box.width + part.box.height)
  if (part.edgePixels > 0.25 * outline) return true
  const spans = part.box.width >= 0.95 * picture.width && part.box.height >= 0.95 * picture.height
  const hollow = part.area < 0.3 * part.box.width * part.box.height
  const holdsMore = parts.some(
    (other) =>
      other !== part &&
      contains(part.box, other.box) &&
      Math.max(other.box.width, other.box.height) > 0.25 * Math.min(part.box.width, part.box.height) &&
      other.peak > 0.5 * part.peak,
  )
  return hollow && holdsMore && (spans || part.edgePixels > 0 || isFrame(part))
}

/** A drawn box around the digit: about as much ink as its four sides have. */
function isFrame({ box, area }: Component): boolean {
  return area < 0.2 * box.width * box.height
}

/** Ink counts, less at the picture's edges, a little more in its middle. */
function weightOf({ ink, box, edgePixels }: Component, picture: Plane): number {
  const edge = Math.max(0.05, 1 - (4 * edgePixels) / (2 * (box.width + box.height)))
  const dx = Math.abs(box.x + box.width / 2 - picture.width / 2) / picture.width
  const dy = Math.abs(box.y + box.height / 2 - picture.height / 2) / picture.height
  return ink * edge * (1 - Math.max(dx, dy))
}

/**
 * The main part and the strokes that belong to it: a 5's bar, the pieces of a stroke that the pen skipped. Near, and either small
 * or above and below rather than beside it, where the next digit would be.
 */
function withSatellites(main: Component, parts: readonly Component[]): Component[] {
  const own = [main]
  const size = Math.max(main.box.width, main.box.height)
  for (let grown = true; grown; ) {
    grown = false
    for (const part of parts) {
      if (own.includes(part) || !belongs(part, boxAround(own.map(({ box }) => box)), { size, ink: main.ink })) continue
      own.push(part)
      grown = true
    }
  }
  return own
}

function belongs({ box, ink }: Component, whole: Box, main: { size: number; ink: number }): boolean {
  if (ink < 0.015 * main.ink) return false
  const gapX = Math.max(0, box.x - (whole.x + whole.width), whole.x - (box.x + box.width))
  const gapY = Math.max(0, box.y - (whole.y + whole.height), whole.y - (box.y + box.height))
  const gap = Math.hypot(gapX, gapY)
  const shared = Math.min(box.x + box.width, whole.x + whole.width) - Math.max(box.x, whole.x)
  const stacked = shared >= 0.5 * Math.min(box.width, whole.width)
  const small = box.height < 0.5 * main.size
  return (stacked && gap < 0.25 * main.size) || (small && gap < 0.15 * main.size)
}

function contains(outer: Box, inner: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  )
}

/** The smallest box around all of them. */
export function boxAround(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x))
  const y = Math.min(...boxes.map((box) => box.y))
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  }
}

function darknessOf(ink: Plane): number {
  return percentile(ink.values, { share: 0.8, floor: 0 })
}

function sumOf({ values }: Plane): number {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += values[index] as number
  return sum
}
