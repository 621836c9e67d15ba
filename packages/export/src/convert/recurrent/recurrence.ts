/** The result of a recurrent layer over a sequence, by whichever way it was computed. */
import type { Value } from '../../graph/builder.js'
import type { Mask } from '../mask.js'

export interface RecurrenceRequest {
  /** [N, T, …] */
  readonly x: Value
  /** The states before the first step, [N, H] each; none for zeros. */
  readonly initial: readonly Value[]
  /** Whether it begins with the last step. */
  readonly backwards: boolean
  readonly mask: Mask | undefined
}

export interface Recurrence {
  /** Each step's output [N, T, …], in the order of the input's steps, whichever was the first. */
  sequence(): Value
  /** The last step's output. */
  last(): Value
  /** The states after the last step. */
  states(): readonly Value[]
}
