/**
 * What a finished network's confidence is worth, fitted on pictures that it was not trained on. Source of the temperature: C. Guo,
 * G. Pleiss, Y. Sun, K. Weinberger, 'On Calibration of Modern Neural Networks', ICML 2017, section 4.2 (temperature scaling).
 */
import { CLASSES } from 'mnist-infer/mnist'
import type { EngineState } from '../engine/engine.js'

/** Of the held-out digits, so many may be taken for none: the price of telling what is none. */
const MOST_LOST = 0.01

/** The temperature is between this and its inverse. */
const COLDEST = 1 / 20

/** Halvings of the interval: far below float32's precision. */
const ROUNDS = 40

/**
 * The temperature T for which softmax(logits / T) has the least mean cross-entropy. With b = 1/T its derivative, the mean of
 * Σ p·logit - logit[label], grows with b: where it passes 0 is found by halving.
 *
 * @param logits [count, 10]
 * @param labels [count], 0…9
 */
export function fitTemperature(logits: Float32Array, labels: Uint8Array): number {
  let [low, high] = [COLDEST, 1 / COLDEST]
  for (let round = 0; round < ROUNDS; round++) {
    const middle = Math.sqrt(low * high)
    if (slopeAt(middle, logits, labels) < 0) low = middle
    else high = middle
  }
  return 1 / Math.sqrt(low * high)
}

/** Derivative of the summed cross-entropy of softmax(b · logits) by b. */
function slopeAt(b: number, logits: Float32Array, labels: Uint8Array): number {
  let slope = 0
  for (let index = 0; index < labels.length; index++) {
    const row = logits.subarray(index * CLASSES, (index + 1) * CLASSES)
    const most = Math.max(...row)
    let [sum, weighted] = [0, 0]
    for (const logit of row) {
      const share = Math.exp(b * (logit - most))
      sum += share
      weighted += share * logit
    }
    slope += weighted / sum - (row[labels[index] as number] as number)
  }
  return slope
}

/**
 * The probability that the likeliest digit of all but a hundredth of the held-out pictures reaches, in hundredths, rounded down.
 *
 * @param probabilities [count, 10]
 */
export function fitLeastProbability(probabilities: Float32Array): number {
  const sorted = greatestOfRows(probabilities).sort()
  return Math.floor(100 * (sorted[Math.floor(MOST_LOST * sorted.length)] as number)) / 100
}

/** The likeliest digit's probability in each row: [count, 10] → [count]. */
export function greatestOfRows(probabilities: Float32Array): Float32Array {
  return Float32Array.from({ length: probabilities.length / CLASSES }, (_, index) =>
    Math.max(...probabilities.subarray(index * CLASSES, (index + 1) * CLASSES)),
  )
}

/**
 * The network whose logits are those of `state` divided by the temperature: it is folded into the last layer, so that probabilities
 * stay the softmax of logits, whoever computes it.
 */
export function withTemperature(state: EngineState, temperature: number): EngineState {
  const last = [...state.keys()].at(-1)?.split('.')[0]
  if (last === undefined) throw new Error('internal: a network without parameters')
  return new Map(
    [...state].map(([name, { shape, values }]) => {
      const ofLast = name.startsWith(`${last}.`)
      if (ofLast && !shape.includes(CLASSES)) throw new Error(`internal: ${name} [${shape}] gives no ${CLASSES} logits`)
      return [name, { shape, values: ofLast ? values.map((value) => value / temperature) : values }]
    }),
  )
}
