/**
 * Known digits, read before anything else: a provider that computes wrongly gives answers all the same, and nobody would know.
 */
import { CLASSES, DIGIT_PIXELS, type Digits, generateDigits } from 'mnist-infer/digits'

/** Ten of them hold every digit once; a model in order reads nine or ten. */
const KNOWN = 10

/** A deep network takes a tenth of a second for each: then a few must do. */
const KNOWN_TO_DEEP = 3

/** Weights from which on a network counts as deep. */
const DEEP = 1e6

/** Two mistakes in three are no accident; noise is right one time in ten. */
const LEAST_SHARE = 0.6

/** Seed of a set that networks of ours read without a mistake. */
const SEED = 11

/** [10 × 784]; made once. */
let known: Digits | undefined

/** To make them is slow until the browser has compiled it: for while something else is on its way. */
export function knownDigits(): Digits {
  known ??= generateDigits({ count: KNOWN, seed: SEED })
  return known
}

export interface SelfTest {
  readonly passed: boolean
  readonly right: number
  readonly read: number
}

/** Logits, [n × 10], of framed digits, [n × 784] of 0…255. */
export type LogitsOf = (digits: Uint8Array) => Promise<Float32Array>

export async function selfTest(logits: LogitsOf, { parameters }: { parameters: number }): Promise<SelfTest> {
  const read = parameters < DEEP ? KNOWN : KNOWN_TO_DEEP
  const { images, labels } = knownDigits()
  const rows = await logits(images.subarray(0, read * DIGIT_PIXELS))
  const right = Array.from(labels.subarray(0, read)).filter((label, index) => {
    const row = rows.subarray(index * CLASSES, (index + 1) * CLASSES)
    return row.every(Number.isFinite) && indexOfLargest(row) === label
  }).length
  return { passed: right / read >= LEAST_SHARE, right, read }
}

/** Providers round differently; beyond this share of the largest logit one of them is wrong. */
const TOLERANCE = 1e-2

/**
 * How far a provider's logits of known digits are from another's, as a share of the largest; undefined where that is within what
 * rounding explains. Right answers alone would not do: onnxruntime-web 1.30 on a software WebGPU adapter computes LeNet-5's second
 * convolution wrongly, and still reads most digits.
 */
export async function disagreement(
  [one, other]: readonly [LogitsOf, LogitsOf],
  { parameters }: { parameters: number },
): Promise<number | undefined> {
  const count = parameters < DEEP ? KNOWN : KNOWN_TO_DEEP
  const images = knownDigits().images.subarray(0, count * DIGIT_PIXELS)
  const [found, expected] = [await one(images), await other(images)]
  let [largest, difference] = [1, 0]
  for (const [index, value] of expected.entries()) {
    largest = Math.max(largest, Math.abs(value))
    // What is no number differs from everything.
    const distance = Math.abs((found[index] as number) - value)
    difference = Math.max(difference, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance)
  }
  return difference / largest <= TOLERANCE ? undefined : difference / largest
}

export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[best] as number)) best = index
  }
  return best
}
