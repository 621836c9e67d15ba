/** Recognises a run that has collapsed: one that more epochs will not save. */
import type { EpochMetrics } from './results.js'

/** The loss of a network that gives each of ten digits the same probability: ln 10. */
const CHANCE_LOSS = Math.log(10)

/** How near to chance counts as chance: a dead network still learns the digits' frequencies, 0.001, and jitters by as much. */
const CHANCE_MARGIN = 0.01

/** ReLUs that live learn MNIST well within this many epochs at any of our recipes; sigmoids may take five. */
const EPOCHS_TO_LEARN = 3

/** What to tell the user, or undefined where the run is alive. `hasRelu`: a network whose units can die. */
export function collapseWarning(history: readonly EpochMetrics[], hasRelu: boolean): string | undefined {
  const last = history.at(-1)
  if (last === undefined) return undefined
  if (!Number.isFinite(last.loss)) {
    return (
      `the loss is ${last.loss} after epoch ${last.epoch}: the steps were too large and the weights have overflowed. ` +
      'Try a smaller --lr (a third of this one)'
    )
  }
  const atChance = history.slice(-EPOCHS_TO_LEARN).every(({ loss }) => Math.abs(loss - CHANCE_LOSS) < CHANCE_MARGIN)
  if (!hasRelu || history.length < EPOCHS_TO_LEARN || !atChance) return undefined
  return (
    `the loss has stayed at ln 10 = ${CHANCE_LOSS.toFixed(3)} for ${EPOCHS_TO_LEARN} epochs: every answer is a guess, because ReLUs ` +
    'that output 0 for all pictures have no gradient and never come back. Try another --seed or a smaller --lr'
  )
}
