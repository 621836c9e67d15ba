/**
 * How sharply a shape ends. Ink ends within a pixel or two, light and shade fade: that tells a stroke from what uneven light
 * leaves behind, however dark it is.
 */
import type { Mask } from './mask.js'
import type { Plane } from './picture.js'

export interface Contour {
  /** Sum over the contour's pixels of the ink's fall across it, each 0…255. */
  readonly strength: number
  /** Pixels of the contour, those on the picture's edge left out. */
  readonly length: number
}

/** Within this share of the picture's longer side, and at least 2 pixels, ink falls to paper. */
const FALL = 0.012

/** The contour of `mask`: from the most ink at it to the least ink a little outside of it. */
export function contourOf({ width, height, values }: Mask, ink: Plane): Contour {
  const reach = Math.max(2, Math.round(FALL * Math.max(width, height)))
  let [strength, length] = [0, 0]
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const index = y * width + x
      if (values[index] === 0) continue
      if (
        values[index - 1] === 1 &&
        values[index + 1] === 1 &&
        values[index - width] === 1 &&
        values[index + width] === 1
      ) {
        continue
      }
      length++
      strength += fallAt(ink, { x, y }, reach)
    }
  }
  return { strength, length }
}

function fallAt({ width, height, values }: Plane, { x, y }: { x: number; y: number }, reach: number): number {
  let most = 0
  let least = 255
  for (let dy = -1; dy <= 1; dy++) {
    for (let dx = -1; dx <= 1; dx++) {
      most = Math.max(most, values[(y + dy) * width + x + dx] as number)
      const farX = x + dx * reach
      const farY = y + dy * reach
      if (farX < 0 || farY < 0 || farX >= width || farY >= height) continue
      least = Math.min(least, values[farY * width + farX] as number)
    }
  }
  return most - least
}
