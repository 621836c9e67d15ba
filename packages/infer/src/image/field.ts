/**
 * MNIST's framing: the digit's longer side at 20 pixels, in a field of 28 × 28 with its centre of mass in the middle. Source: Y.
 * LeCun, C. Cortes, C. Burges, 'The MNIST database of handwritten digits': size-normalised to fit in a 20×20 box, anti-aliased,
 * then centred by the centre of mass of the pixels.
 */
import { emptyPlane, type Plane } from './picture.js'
import { resize } from './resample.js'

/** Side of the field, in pixels. */
export const FIELD = 28

/** Longer side of the digit in it. */
export const DIGIT_SIDE = 20

/** In MNIST, the mean of the ink's columns and rows (0…27) rounds to this in each of the 70,000. */
const MIDDLE = 14

/** The digit in its field. `ink` is cropped to the digit, 0…255. */
export function placeInField(ink: Plane): Plane {
  const scale = DIGIT_SIDE / Math.max(ink.width, ink.height)
  const scaled = (length: number): number => Math.max(1, Math.round(length * scale))
  const digit = resize(ink, scaled(ink.width), scaled(ink.height))
  const centre = centreOfMass(digit)
  const left = placed(MIDDLE - centre.x, digit.width)
  const top = placed(MIDDLE - centre.y, digit.height)
  const field = emptyPlane(FIELD, FIELD)
  for (let y = 0; y < digit.height; y++) {
    const row = digit.values.subarray(y * digit.width, (y + 1) * digit.width)
    field.values.set(row, (top + y) * FIELD + left)
  }
  return field
}

/** Mean column and row, weighted by the values. */
export function centreOfMass({
  width,
  height,
  values,
}: Pick<Plane, 'width' | 'height'> & { values: ArrayLike<number> }) {
  let [sum, sumX, sumY] = [0, 0, 0]
  for (let y = 0, index = 0; y < height; y++) {
    for (let x = 0; x < width; x++, index++) {
      const value = values[index] as number
      sum += value
      sumX += value * x
      sumY += value * y
    }
  }
  return sum === 0 ? { x: 0, y: 0 } : { x: sumX / sum, y: sumY / sum }
}

/** A whole number of pixels, with all of the digit inside of the field. */
function placed(offset: number, length: number): number {
  return Math.max(0, Math.min(FIELD - length, Math.round(offset)))
}
