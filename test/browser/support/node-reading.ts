/** The same digits read in Node, for comparison. */
import { CLASSES, DIGIT_PIXELS, generateDigits, loadTestDigits } from 'mnist-infer/mnist'
import { float32, openSession } from 'mnist-infer/runtime'

/** [count × 784]: MNIST's first test pictures, or generated ones where there is no MNIST_DIR. */
export async function testImages(count: number): Promise<Uint8Array> {
  const { test: digits } = process.env.MNIST_DIR
    ? await loadTestDigits({ data: 'mnist' })
    : { test: generateDigits({ count, seed: 3 }) }
  return digits.images.subarray(0, count * DIGIT_PIXELS)
}

/** [n × 10], of framed digits [n × 784], by ONNX Runtime's CPU. */
export async function logitsInNode(model: Uint8Array, images: Uint8Array): Promise<number[]> {
  const session = await openSession(model, { provider: 'cpu', threads: 1 })
  const pixels = Float32Array.from(images, (value) => value / 255)
  const { logits } = await session.run({ image: float32(pixels, [images.length / DIGIT_PIXELS, 1, 28, 28]) })
  await session.close()
  return Array.from(logits?.data as Float32Array)
}

/** The digit of each row. */
export function answersOf(logits: readonly number[]): number[] {
  return Array.from({ length: logits.length / CLASSES }, (_, row) => {
    const scores = logits.slice(CLASSES * row, CLASSES * (row + 1))
    return scores.indexOf(Math.max(...scores))
  })
}

/** Largest difference of two readings. */
export function apart(one: readonly number[], other: readonly number[]): number {
  return Math.max(...one.map((value, index) => Math.abs(value - Number(other[index]))))
}
