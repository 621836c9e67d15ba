/** How many threads read a network. */

/** More do not make networks of this size faster. */
const MOST_THREADS = 4

/**
 * Parameters from which threads pay. On two cores ResNet-18 (11 million) is read 1.3 times as fast by two threads and AlexNet (47
 * million) 1.6 times; LeNet-5 (62 thousand) in the same time, with the later answers later: the threads wait for one another.
 */
export const THREADS_PAY = 1_000_000

/** As many as there are cores, while more are of use. */
export function mostThreads(): number {
  return Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1)
}
