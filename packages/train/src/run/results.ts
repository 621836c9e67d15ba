/** What an epoch yielded, and the results file that records it: one line an epoch, in a format that others parse. */

export interface EpochMetrics {
  /** Counted from 0. */
  readonly epoch: number
  /** Mean of the batch losses (nats). */
  readonly loss: number
  /** Share of the training pictures answered right during the epoch, in training mode; 0…1. */
  readonly trainAccuracy: number
  /** Share of the test pictures answered right after the epoch, in evaluation mode; 0…1. */
  readonly testAccuracy: number
  /** Mean cross-entropy over the test pictures after the epoch (nats). */
  readonly testLoss: number
  /** Wall-clock seconds of training, evaluation not counted. */
  readonly trainSeconds: number
  readonly testSeconds: number
}

/** `epoch 0  loss 2.303, train acc 0.112, test acc 0.114 `, with its space at the end. */
export function resultsLine({ epoch, loss, trainAccuracy, testAccuracy }: EpochMetrics): string {
  return `epoch ${epoch}  loss ${loss.toFixed(3)}, train acc ${trainAccuracy.toFixed(3)}, test acc ${testAccuracy.toFixed(3)} `
}

export function resultsText(history: readonly EpochMetrics[]): string {
  return history.map((metrics) => `${resultsLine(metrics)}\n`).join('')
}
