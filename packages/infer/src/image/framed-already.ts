/**
 * Pictures that are MNIST's, or framed as MNIST's are: their pixels are the network's input as they stand, and framing them once
 * more would only blur them.
 */
import { DIGIT_SIDE, FIELD } from './field.js'
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
    const dark = polarity === 'dark-on-light'
    // First, since it settles the matter for a picture of the other polarity.
    if (inkedEdgePixels(picture.pixels, dark) > EDGE_INK * 4 * (FIELD - 1)) continue
    const pixels = dark ? inverted(picture.pixels) : picture.pixels
    if (isFramed(pixels)) return { digit: { ...picture, pixels }, polarity }
  }
  return undefined
}

function inverted(pixels: Uint8Array): Uint8Array {
  const out = new Uint8Array(pixels.length)
  for (let index = 0; index < out.length; index++) out[index] = 255 - (pixels[index] as number)
  return out
}

function inkedEdgePixels(pixels: Uint8Array, dark: boolean): number {
  let inked = 0
  const last = FIELD - 1
  const count = (index: number): void => {
    const value = pixels[index] as number
    if ((dark ? 255 - value : value) > PAPER) inked++
  }
  for (let place = 0; place < last; place++) {
    // Each side without the corner that the next one begins with.
    count(place)
    count(place * FIELD + last)
    count(last * FIELD + place + 1)
    count((place + 1) * FIELD)
  }
  return inked
}

/** Whether the ink's size and its centre of mass are as in MNIST. */
function isFramed(pixels: Uint8Array): boolean {
  let [left, right, top, bottom] = [FIELD, -1, FIELD, -1]
  let [peak, sum, sumX, sumY] = [0, 0, 0, 0]
  for (let y = 0, index = 0; y < FIELD; y++) {
    for (let x = 0; x < FIELD; x++, index++) {
      const value = pixels[index] as number
      if (value === 0) continue
      sum += value
      sumX += value * x
      sumY += value * y
      if (value > peak) peak = value
      if (value <= INK) continue
      if (x < left) left = x
      if (x > right) right = x
      if (y < top) top = y
      bottom = y
    }
  }
  const side = Math.max(right - left, bottom - top) + 1
  if (peak < 128 || Math.abs(side - DIGIT_SIDE) > 2) return false
  return Math.abs(sumX / sum - FIELD / 2) <= OFF_CENTRE && Math.abs(sumY / sum - FIELD / 2) <= OFF_CENTRE
}
