/**
 * RGBA to grey, transparency laid on paper. Pure pixel maths, shared with the browser, where a canvas gives RGBA.
 *
 * What shows through a transparent picture is ours to choose, and a wrong choice loses the digit: a drawing app's
 * transparent PNG with black ink would become black on black. The rule:
 * - where the visible pixels are of one brightness, they are the ink, and the paper is the opposite: white under dark
 *   ink, black under light ink;
 * - where they differ and cover less than half, they are still ink of a kind, and their mean decides in the same way;
 * - where they differ and cover half or more, the picture brings its own paper (a screenshot with round corners), and
 *   what is missing gets the brightness that most of it has.
 */
import type { GreyPicture } from './picture.js'

/** Visible pixels within this many grey levels of each other (5th to 95th percentile) are of one brightness. */
const ONE_BRIGHTNESS = 48

/** Brightness 0…255 of sRGB values, by Rec. 601's weights of the encoded channels (ITU-R BT.601 section 2.5.1). */
export function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue
}

/** Grey of RGBA bytes, [height × width × 4], alpha not multiplied in. */
export function greyFromRgba(rgba: Uint8Array | Uint8ClampedArray, width: number, height: number): GreyPicture {
  const pixels = new Uint8Array(width * height)
  const paper = paperUnder(rgba)
  for (let index = 0; index < pixels.length; index++) {
    const offset = index * 4
    const grey = luma(rgba[offset] as number, rgba[offset + 1] as number, rgba[offset + 2] as number)
    const alpha = rgba[offset + 3] as number
    pixels[index] = Math.round(alpha === 255 ? grey : paper + ((grey - paper) * alpha) / 255)
  }
  return { width, height, pixels }
}

/** The brightness to lay a picture on; of no matter where nothing is transparent. */
function paperUnder(rgba: Uint8Array | Uint8ClampedArray): number {
  if (isOpaque(rgba)) return 0
  const histogram = new Float64Array(256)
  let visible = 0
  for (let offset = 0; offset < rgba.length; offset += 4) {
    const alpha = rgba[offset + 3] as number
    const level = Math.round(luma(rgba[offset] as number, rgba[offset + 1] as number, rgba[offset + 2] as number))
    histogram[level] = (histogram[level] as number) + alpha
    visible += alpha
  }
  const opposite = mean(histogram, visible) < 128 ? 255 : 0
  const spread = percentile(histogram, 0.95 * visible) - percentile(histogram, 0.05 * visible)
  if (spread <= ONE_BRIGHTNESS || visible < (rgba.length / 4) * 255 * 0.5) return opposite
  return percentile(histogram, 0.5 * visible)
}

function isOpaque(rgba: Uint8Array | Uint8ClampedArray): boolean {
  for (let offset = 3; offset < rgba.length; offset += 4) if (rgba[offset] !== 255) return false
  return true
}

function mean(histogram: Float64Array, total: number): number {
  return total === 0 ? 0 : histogram.reduce((sum, count, level) => sum + count * level, 0) / total
}

/** The level at which the counts up to it reach `rank`. */
function percentile(histogram: Float64Array, rank: number): number {
  let sum = 0
  return histogram.findIndex((count) => {
    sum += count
    return sum >= rank
  })
}
