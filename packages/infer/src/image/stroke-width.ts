/** A digit's ink with clear edges and strokes as thick as MNIST's, cropped to it and ready to be scaled to 20 pixels. */
import type { Candidate } from './choose-digit.js'
import { DIGIT_SIDE } from './field.js'
import { above } from './mask.js'
import { type Box, emptyPlane, type Plane } from './picture.js'
import { resizeToSide } from './resample.js'
import { offsetOutline, strokeThickness } from './strokes.js'

/** Strokes of these thicknesses, in pixels at the digit's final size, are left alone: MNIST's 1st to 98th percentile. */
const THIN = 2
const THICK = 4.2

/** Others become so thick: still on their side of MNIST's median of 2.6. */
const THICKENED = 2.4
const THINNED = 3.4

/** Outlines are moved at this many times the final size. */
const DETAIL = 5

/** Most that thinning may take from a stroke, as a share of its thickness: more breaks the thin parts of a bold hand. */
const MOST_THINNING = 0.4

/** Ink at half of the digit's own darkness is the edge; this much around it is the ramp that anti-aliasing makes. */
const RAMP = [0.2, 0.8] as const

/** The digit's ink, 0…255, cropped to it. */
export function normaliseStrokes(candidate: Candidate): Plane {
  const crisp = cropToInk(stretch(crop(candidate.ink, candidate.box), candidate.darkness))
  const detailed = resizeToSide(crisp, DIGIT_SIDE * DETAIL)
  const thickness = strokeThickness(above(detailed, 127.5))
  const wanted = wantedThickness(thickness / DETAIL)
  if (wanted === undefined) return crisp
  // Growing by d on every side makes the thickness t + 2d and the side s + 2d, and the side is then scaled to 20:
  // (t + 2d) / (s + 2d) · 20 = wanted.
  const side = DIGIT_SIDE * DETAIL
  const growth = (wanted * side - DIGIT_SIDE * thickness) / (DIGIT_SIDE - wanted)
  const offset = Math.max(growth, -MOST_THINNING * thickness) / 2
  const margin = Math.ceil(Math.max(0, offset)) + 1
  return cropToInk(offsetOutline(above(padded(detailed, margin), 127.5), offset))
}

/** The thickness to give a stroke of this one, in pixels at the final size; undefined to leave it. */
function wantedThickness(thickness: number): number | undefined {
  if (thickness < THIN) return THICKENED
  if (thickness > THICK) return THINNED
  return undefined
}

/** The digit's own darkness becomes full ink, and the greys at its edges a short ramp. */
function stretch(ink: Plane, darkness: number): Plane {
  const [low, high] = [RAMP[0] * darkness, RAMP[1] * darkness]
  const values = ink.values.map((value) => 255 * Math.max(0, Math.min(1, (value - low) / (high - low))))
  return { ...ink, values }
}

/** The smallest part that holds everything of at least half ink. */
export function cropToInk(plane: Plane): Plane {
  const { width, height, values } = plane
  let [left, right, top, bottom] = [width, -1, height, -1]
  for (let y = 0, index = 0; y < height; y++) {
    for (let x = 0; x < width; x++, index++) {
      if ((values[index] as number) < 127.5) continue
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      bottom = y
    }
  }
  if (right < 0) return plane
  return crop(plane, { x: left, y: top, width: right - left + 1, height: bottom - top + 1 })
}

function crop({ width, values }: Plane, box: Box): Plane {
  const out = emptyPlane(box.width, box.height)
  for (let y = 0; y < box.height; y++) {
    const start = (box.y + y) * width + box.x
    out.values.set(values.subarray(start, start + box.width), y * box.width)
  }
  return out
}

function padded({ width, height, values }: Plane, margin: number): Plane {
  const out = emptyPlane(width + 2 * margin, height + 2 * margin)
  for (let y = 0; y < height; y++) {
    out.values.set(values.subarray(y * width, (y + 1) * width), (y + margin) * out.width + margin)
  }
  return out
}
