/** The jobs that may run together: of one kind, for one content of one model, in the order of their arrival. */
import type { Task } from '../pool/messages.js'
import type { WorkerThread } from '../pool/worker-thread.js'
import type { Job } from './job.js'

/** How a lane's jobs become a worker's task and its result their outputs. */
export interface LaneKind<Input, Output> {
  readonly name: Task['kind']
  run(
    thread: WorkerThread,
    batch: { readonly generation: number; readonly jobs: readonly Job<Input, Output>[] },
  ): Promise<readonly (Output | Error)[]>
}

export interface LaneOptions<Input, Output> {
  readonly generation: number
  readonly kind: LaneKind<Input, Output>
  readonly maxBatch: number
  /** Longest wait for company, in ms. */
  readonly maxDelay: number
}

export class Lane<Input = unknown, Output = unknown> {
  readonly generation: number
  readonly kind: LaneKind<Input, Output>
  readonly #maxBatch: number
  readonly #maxDelay: number
  #jobs: Job<Input, Output>[] = []
  #rows = 0

  constructor({ generation, kind, maxBatch, maxDelay }: LaneOptions<Input, Output>) {
    this.generation = generation
    this.kind = kind
    this.#maxBatch = maxBatch
    this.#maxDelay = maxDelay
  }

  push(job: Job<Input, Output>): void {
    this.#jobs.push(job)
    this.#rows += job.rows
  }

  /** Puts jobs back whose worker was lost: they have waited longest. */
  putBack(jobs: readonly Job<Input, Output>[]): void {
    this.#jobs.unshift(...jobs)
    for (const { rows } of jobs) this.#rows += rows
  }

  /** Takes out jobs that were settled while they waited, and returns them. */
  sweep(): Job<Input, Output>[] {
    const gone = this.#jobs.filter(({ settled }) => settled)
    if (gone.length === 0) return gone
    this.#jobs = this.#jobs.filter(({ settled }) => !settled)
    this.#rows = this.#jobs.reduce((sum, { rows }) => sum + rows, 0)
    return gone
  }

  get waiting(): number {
    return this.#jobs.length
  }

  /** When its jobs want to run, in ms of `performance.now()`: at once where a batch is full; Infinity where there are none. */
  get due(): number {
    const oldest = this.#jobs[0]
    if (oldest === undefined) return Number.POSITIVE_INFINITY
    return this.#rows >= this.#maxBatch ? Number.NEGATIVE_INFINITY : oldest.arrived + this.#maxDelay
  }

  /** The oldest jobs, up to a full batch; a single job may be larger. */
  take(): Job<Input, Output>[] {
    let rows = 0
    let count = 0
    for (const job of this.#jobs) {
      if (count > 0 && rows + job.rows > this.#maxBatch) break
      rows += job.rows
      count++
    }
    this.#rows -= rows
    return this.#jobs.splice(0, count)
  }
}
