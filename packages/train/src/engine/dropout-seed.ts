/** What dropout drops in a step: decided by the run's seed and the step's number alone, so that a resumed run drops the same. */
import { createRandom } from 'mnist-infer/mnist'

/** A whole number from 0 to 2^31 - 1. */
export function dropoutSeed(seed: number, step: number): number {
  const random = createRandom(seed, `dropout of step ${step}`)
  // xoshiro128**'s first number is a function of one word of its state, which small seeds share: the second is of all of them.
  random()
  return Math.floor(random() * 2 ** 31)
}
