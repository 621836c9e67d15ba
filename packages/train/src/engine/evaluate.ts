/** Evaluation, whatever computes the logits: batch by batch, loss and right answers counted in double precision. */
import { CLASSES, type Digits } from 'mnist-infer/mnist'
import type { Answered } from './engine.js'

/** Pictures at a time: enough to keep two cores busy, few enough that AlexNet's maps (1.1 MB a picture, in and out) take less than a step does. */
const BATCH = 200

/** `images` [n × 784] of bytes → logits [n × 10]. */
export type Logits = (images: Uint8Array, count: number) => Promise<Float32Array>

export async function evaluateDigits({ images, labels, count }: Digits, logitsOf: Logits): Promise<Answered> {
  const pixels = images.length / count
  let lossSum = 0
  let correct = 0
  for (let begin = 0; begin < count; begin += BATCH) {
    const end = Math.min(begin + BATCH, count)
    const logits = await logitsOf(images.subarray(begin * pixels, end * pixels), end - begin)
    for (let index = begin; index < end; index++) {
      const row = logits.subarray((index - begin) * CLASSES, (index - begin + 1) * CLASSES)
      const label = labels[index] as number
      lossSum += crossEntropy(row, label)
      if (largest(row) === label) correct++
    }
  }
  return { loss: lossSum / count, correct }
}

/** -ln softmax(logits)[label] = ln Σ exp(logits - max) + max - logits[label] (nats). */
export function crossEntropy(logits: Float32Array, label: number): number {
  const max = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  const sum = logits.reduce((total, value) => total + Math.exp(value - max), 0)
  return Math.log(sum) + max - (logits[label] as number)
}

/** Index of the largest; of the first where there are several; -1 where none is a number. */
function largest(values: Float32Array): number {
  let best = -1
  let most = Number.NEGATIVE_INFINITY
  for (const [index, value] of values.entries()) {
    if (value > most) {
      most = value
      best = index
    }
  }
  return best
}
