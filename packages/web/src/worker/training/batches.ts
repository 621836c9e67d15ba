/** Batches out of a set of digits, in an order that depends on seed and epoch alone. */
import { CLASSES, createRandom, DIGIT_PIXELS, type Digits } from 'mnist-infer/digits'
import { indexOfLargest } from '../self-test.js'
import type { Batch, StepRunner } from './step-runner.js'

/** A permutation of 0…count-1 (Fisher and Yates; Knuth, TAOCP 2, algorithm 3.4.2 P). */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  const random = createRandom(seed, `order of epoch ${epoch}`)
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const moved = order[last] as number
    order[last] = order[other] as number
    order[other] = moved
  }
  return order
}

/** The digits at `indices`, in that order. */
export function gather({ images, labels }: Digits, indices: Uint32Array): Batch {
  const pixels = new Float32Array(indices.length * DIGIT_PIXELS)
  for (const [position, index] of indices.entries()) {
    const [from, to] = [index * DIGIT_PIXELS, position * DIGIT_PIXELS]
    for (let pixel = 0; pixel < DIGIT_PIXELS; pixel++) pixels[to + pixel] = (images[from + pixel] as number) / 255
  }
  return { pixels, labels: Uint8Array.from(indices, (index) => labels[index] as number) }
}

/** Pictures of one run of an evaluation. */
const EVALUATED = 250

/** For each of the digits, whether `runner` reads it right. `between` is awaited between two runs. */
export async function readRight(
  runner: Pick<StepRunner, 'logits'>,
  digits: Digits,
  between: () => Promise<unknown> = async () => {},
): Promise<boolean[]> {
  const right: boolean[] = []
  for (let start = 0; start < digits.count; start += EVALUATED) {
    const count = Math.min(EVALUATED, digits.count - start)
    const batch = gather(
      digits,
      Uint32Array.from({ length: count }, (_, index) => start + index),
    )
    const logits = await runner.logits(batch.pixels)
    for (let row = 0; row < count; row++) {
      right.push(indexOfLargest(logits.subarray(row * CLASSES, (row + 1) * CLASSES)) === batch.labels[row])
    }
    await between()
  }
  return right
}

export function shareOf(right: readonly boolean[]): number {
  return right.filter(Boolean).length / right.length
}
