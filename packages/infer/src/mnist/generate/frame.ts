/**
 * MNIST's framing ("The MNIST database": the digit fills a 20×20 box with its proportions kept, and its centre of mass lies
 * in the middle of 28×28).
 */
import { DIGIT_SIZE } from '../digits.js'
import { EDGE } from './rasterise.js'
import type { Line } from './spline.js'

/** Width and height of the box that a digit fills, in pixels. */
export const BOX = 20

/** Moves and scales `lines` in place so that, drawn with a pen of `radius` pixels, they fill the box. */
export function fitToBox(lines: readonly Line[], radius: number): void {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const line of lines) {
    for (let index = 0; index < line.length; index += 2) {
      const [x, y] = [line[index] as number, line[index + 1] as number]
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
  }
  // Half of the soft edge lies outside the pen's radius, faint at its end.
  const margin = radius + EDGE / 4
  const scale = (BOX - 2 * margin) / Math.max(right - left, bottom - top, 1)
  const dx = BOX / 2 - (scale * (left + right)) / 2
  const dy = BOX / 2 - (scale * (top + bottom)) / 2
  for (const line of lines) {
    for (let index = 0; index < line.length; index += 2) {
      line[index] = scale * (line[index] as number) + dx
      line[index + 1] = scale * (line[index + 1] as number) + dy
    }
  }
}

/** Writes the box, values 0 to 1, into a picture of bytes so that its centre of mass is pixel (14, 14), to half a pixel. */
export function centreByMass(box: Float64Array, picture: Uint8Array): void {
  let [mass, sumX, sumY] = [0, 0, 0]
  for (let row = 0; row < BOX; row++) {
    for (let column = 0; column < BOX; column++) {
      const ink = box[row * BOX + column] as number
      mass += ink
      sumX += ink * column
      sumY += ink * row
    }
  }
  const left = offset(sumX / mass)
  const top = offset(sumY / mass)
  for (let row = 0; row < BOX; row++) {
    for (let column = 0; column < BOX; column++) {
      picture[(top + row) * DIGIT_SIZE + left + column] = Math.round(255 * (box[row * BOX + column] as number))
    }
  }
}

/** Where the box begins, for its centre of mass to lie in the middle; it stays within the picture. */
function offset(centre: number): number {
  return Math.min(Math.max(Math.round(DIGIT_SIZE / 2 - centre), 0), DIGIT_SIZE - BOX)
}
