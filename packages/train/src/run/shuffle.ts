/** The order of the training pictures: a new one each epoch, the same for the same seed. */
import { createRandom } from 'mnist-infer/mnist'

/** A permutation of 0…count-1 (Fisher and Yates; Knuth, TAOCP 2, algorithm 3.4.2 P) that depends on seed and epoch alone. */
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
