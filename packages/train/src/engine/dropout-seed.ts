/** What dropout drops in a step: decided by the run's seed and the step's number alone, so that a resumed run drops the same. */
import { createRandom } from 'mnist-infer/mnist'

/** A whole number from 0 to 2^31 - 1. */
export function dropoutSeed(seed: number, step: number): number {
  return Math.floor(createRandom(seed, `dropout of step ${step}`)() * 2 ** 31)
}
