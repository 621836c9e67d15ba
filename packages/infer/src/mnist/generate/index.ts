/** Generated digits. */
import { DIGIT_PIXELS, type Digits } from '../digits.js'
import { createRandom } from '../random.js'

export interface GenerateOptions {
  readonly count: number
  readonly seed: number
}

export function generateDigits({ count, seed }: GenerateOptions): Digits {
  const random = createRandom(seed, 'generated digits')
  const images = new Uint8Array(count * DIGIT_PIXELS)
  const labels = new Uint8Array(count)
  for (let index = 0; index < count; index++) {
    labels[index] = index % 10
    const row = 4 + 2 * (labels[index] as number)
    images.fill(
      128 + Math.floor(random() * 127),
      index * DIGIT_PIXELS + row * 28,
      index * DIGIT_PIXELS + (row + 2) * 28,
    )
  }
  return { images, labels, count }
}
