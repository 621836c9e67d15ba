/**
 * Pictures that are MNIST's, or framed as MNIST's are: their pixels are the network's input as they stand, and framing them once
 * more would only blur them.
 */
import { centreOfMass, DIGIT_SIDE, FIELD } from './field.js'
import type { Polarity } from './ink.js'
import type { GreyPicture } from './picture.js'

/** Paper is this near to pure black (or white), in grey levels: compression leaves a little. */
const PAPER = 8

/** Share of the outermost pixels that may have ink; MNIST's own have up to 5.6 %. */
const EDGE_INK = 0.08

/** How far the centre of mass may be from the middle, in pixels; MNIST's own are within 0.52. */
const OFF_CENTRE = 0.75

/** Ink, as against what compression leaves beside it, in grey levels. */
const INK = 24

/** The picture as light ink on black, its pixels untouched, if it is framed already. */
export function framedAlready(
  picture: GreyPicture,
  polarities: readonly Polarity[],
): { digit: GreyPicture; polarity: Polarity } | undefined {
  if (picture.width !== FIELD || picture.height !== FIELD) return undefined
  for (const polarity of polarities) {
    const pixels = polarity === 'light-on-dark' ? picture.pixels : picture.pixels.map((value) => 255 - value)
    if (isFramed(pixels)) return { digit: { ...picture, pixels }, polarity }
  }
  return undefined
}

function isFramed(pixels: Uint8Array): boolean {
  let inkedEdge = 0
  let [left, right, top, bottom] = [FIELD, -1, FIELD, -1]
  let peak = 0
  for (let y = 0, index = 0; y < FIELD; y++) {
    for (let x = 0; x < FIELD; x++, index++) {
      const value = pixels[index] as number
      if (value > PAPER && (x === 0 || y === 0 || x === FIELD - 1 || y === FIELD - 1)) inkedEdge++
      if (value > peak) peak = value
      if (value <= INK) continue
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      bottom = y
    }
  }
  const side = Math.max(right - left, bottom - top) + 1
  if (peak < 128 || inkedEdge > EDGE_INK * 4 * (FIELD - 1) || Math.abs(side - DIGIT_SIDE) > 2) return false
  const centre = centreOfMass({ width: FIELD, height: FIELD, values: pixels })
  return Math.abs(centre.x - FIELD / 2) <= OFF_CENTRE && Math.abs(centre.y - FIELD / 2) <= OFF_CENTRE
}
