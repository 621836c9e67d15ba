/** Small variations of a digit: five drawings of a hand stand for the many that it will write. */
import { createRandom, DIGIT_SIZE, type Random } from 'mnist-infer/digits'

/** Largest turn, in radians: a hand's own slant varies by about eight degrees. */
const TURN = 0.14

/** Largest change of each side's length, as a share. */
const STRETCH = 0.1

/** Largest shear. */
const SHEAR = 0.12

/** Largest shift, in pixels; framing leaves half a pixel of doubt. */
const SHIFT = 1.2

/** `pixels` [28 × 28], 0…255, turned, stretched, sheared and shifted a little, into `target` as 0…1. */
export function jitterInto(target: Float32Array, pixels: Uint8Array, random: Random): void {
  const within = (most: number): number => (2 * random() - 1) * most
  const [turn, shear] = [within(TURN), within(SHEAR)]
  const [stretchX, stretchY] = [1 + within(STRETCH), 1 + within(STRETCH)]
  const [shiftX, shiftY] = [within(SHIFT), within(SHIFT)]
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)]
  const middle = (DIGIT_SIZE - 1) / 2
  for (let y = 0; y < DIGIT_SIZE; y++) {
    for (let x = 0; x < DIGIT_SIZE; x++) {
      const [fromX, fromY] = [(x - middle - shiftX) * stretchX, (y - middle - shiftY) * stretchY]
      const sourceX = middle + cos * fromX - sin * fromY + shear * fromY
      const sourceY = middle + sin * fromX + cos * fromY
      target[y * DIGIT_SIZE + x] = between(pixels, sourceX, sourceY) / 255
    }
  }
}

/** Bilinear; paper outside. */
function between(pixels: Uint8Array, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)]
  const [dx, dy] = [x - left, y - top]
  const at = (column: number, row: number): number =>
    column < 0 || row < 0 || column >= DIGIT_SIZE || row >= DIGIT_SIZE
      ? 0
      : (pixels[row * DIGIT_SIZE + column] as number)
  const upper = at(left, top) * (1 - dx) + at(left + 1, top) * dx
  const lower = at(left, top + 1) * (1 - dx) + at(left + 1, top + 1) * dx
  return upper * (1 - dy) + lower * dy
}

/** Streams of variations, repeatable. */
export function jitterRandom(seed: number): Random {
  return createRandom(seed, 'variations of examples')
}
