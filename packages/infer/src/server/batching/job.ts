/** One request's share of a batch, from its arrival to its answer. */
import type { Refusal } from '../error-table.js'

export interface Job<Input, Output> {
  readonly input: Input
  /** Rows that it adds to a batch. */
  readonly rows: number
  /** Bytes that it holds while it waits. */
  readonly bytes: number
  /** When it came, in ms of `performance.now()`. */
  readonly arrived: number
  /** Times that it was given to a worker. */
  attempts: number
  /** Answered, refused, or no longer wanted. */
  settled: boolean
  readonly resolve: (output: Output) => void
  readonly reject: (error: Error | Refusal) => void
}
