/** Sets of digit pictures in memory, as MNIST has them. */

/** Width and height of a picture, in pixels. */
export const DIGIT_SIZE = 28

/** Pixels of a picture. */
export const DIGIT_PIXELS = DIGIT_SIZE * DIGIT_SIZE

/** How many different labels there are: 0 to 9. */
export const CLASSES = 10

export interface Digits {
  /** `[count, 28, 28]`, row after row, background 0, full ink 255. */
  readonly images: Uint8Array
  /** `[count]`, each 0 to 9. */
  readonly labels: Uint8Array
  readonly count: number
}
