/** From ten probabilities to an answer: the one place that says when a picture shows no digit. */

/** A digit and how likely it is, 0…1. */
export interface Guess {
  readonly digit: number
  readonly probability: number
}

/**
 * What is less likely than this to be the likeliest digit is none, unless the model's metadata say otherwise (`mnist.least_probability`). A
 * network that has seen digits only is sure of most letters too: with lenet5, 0.5 tells a twentieth of drawn letters and a seventh of
 * scribbles, and loses 0.5 % of MNIST's test pictures, most of them misread; 0.9 would tell a third, and lose 6 % of the digits.
 */
export const LEAST_PROBABILITY = 0.5

export type Decision =
  | (Guess & {
      /** All ten digits, the likeliest first. */
      readonly ranking: readonly Guess[]
    })
  | { readonly digit: null; readonly reason: string }

/**
 * @param probabilities [10]
 * @param least Of a digit: `DigitModel.leastProbability`.
 */
export function decide(probabilities: ArrayLike<number>, least: number): Decision {
  const ranking: Guess[] = []
  for (let digit = 0; digit < probabilities.length; digit++) {
    const guess = { digit, probability: probabilities[digit] as number }
    // Ten of them: each goes to its place among those before.
    let place = ranking.length
    while (place > 0 && (ranking[place - 1] as Guess).probability < guess.probability) place--
    ranking.splice(place, 0, guess)
  }
  const best = ranking[0] as Guess
  if (best.probability >= least) return { ...best, ranking }
  const percent = Math.floor(100 * best.probability)
  return { digit: null, reason: `it is unlike any digit: most like ${best.digit}, at ${percent} %` }
}
