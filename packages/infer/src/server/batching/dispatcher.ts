/**
 * Requests to batches to workers. A batch leaves when it is full or its oldest job has waited `maxDelay`, and a worker is free;
 * while none is, jobs gather, so that batches grow with the load by themselves. What waits is bounded in number and in bytes, and in
 * time by each job's deadline.
 */
import { Refusal } from '../error-table.js'
import type { WorkerPool } from '../pool/worker-pool.js'
import { WorkerLost, type WorkerThread } from '../pool/worker-thread.js'
import type { Job } from './job.js'
import { Lane, type LaneKind } from './lane.js'

export interface DispatcherOptions {
  readonly pool: WorkerPool
  readonly maxBatch: number
  /** In ms. */
  readonly maxDelay: number
  /** The most jobs that wait. */
  readonly queue: number
  /** The most bytes that waiting jobs hold. */
  readonly queueBytes: number
  /** A batch that a worker is not done with after this many ms: the worker hangs, and is ended. */
  readonly hangAfter: number
  readonly onBatch?: (batch: { readonly kind: string; readonly rows: number; readonly seconds: number }) => void
  /** A generation has no more jobs. */
  readonly onIdle?: (generation: number) => void
}

export interface Submission<Input> {
  readonly generation: number
  readonly input: Input
  readonly rows: number
  readonly bytes: number
  /** Ms from now after which nobody wants the answer. */
  readonly timeout: number
  /** Aborted when the client has gone. */
  readonly onCancel?: (cancel: () => void) => void
}

/** A picture that ended two workers is not given a third. */
const MOST_ATTEMPTS = 2

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #lanes = new Map<string, Lane>()
  /** Jobs of each generation that are not settled, or still in a worker. */
  readonly #pending = new Map<number, number>()
  #waiting = 0
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #scheduled = false

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** Jobs that wait for a worker. */
  get waiting(): number {
    return this.#waiting
  }

  get full(): boolean {
    return this.#waiting >= this.#options.queue || this.#waitingBytes >= this.#options.queueBytes
  }

  pending(generation: number): number {
    return this.#pending.get(generation) ?? 0
  }

  /**
   * Runs one job in the next batch of its lane.
   *
   * @throws Refusal QUEUE_FULL at once, DEADLINE, UNAVAILABLE; else what the job's own run throws.
   */
  submit<Input, Output>(kind: LaneKind<Input, Output>, submission: Submission<Input>): Promise<Output> {
    const { generation, input, rows, bytes, timeout, onCancel } = submission
    if (this.full) {
      return Promise.reject(
        new Refusal('QUEUE_FULL', `queue: expected room, found ${this.#waiting} waiting: try again`),
      )
    }
    return new Promise<Output>((resolve, reject) => {
      const settle = (done: () => void): void => {
        if (job.settled) return
        job.settled = true
        clearTimeout(deadline)
        done()
      }
      const job: Job<Input, Output> = {
        input,
        rows,
        bytes,
        arrived: performance.now(),
        attempts: 0,
        settled: false,
        resolve: (output) => settle(() => resolve(output)),
        reject: (error) => settle(() => reject(error)),
      }
      const giveUp = (reason: string): void => {
        if (job.settled) return
        job.reject(new Refusal('DEADLINE', reason))
        // Where it is in a worker, there is nothing to take out.
        this.#sweep()
      }
      const deadline = setTimeout(
        () => giveUp(`deadline: expected an answer within ${timeout} ms, found none`),
        timeout,
      )
      onCancel?.(() => giveUp('the client has gone'))
      this.#count(job, 1)
      this.#pending.set(generation, this.pending(generation) + 1)
      this.#lane(kind, generation).push(job)
      this.#schedule()
    })
  }

  /** Looks again for batches that can leave; called when a worker is free. */
  pump = (): void => {
    this.#scheduled = false
    clearTimeout(this.#timer)
    this.#timer = undefined
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    for (const lane of [...this.#lanes.values()].sort((a, b) => a.due - b.due)) {
      while (lane.due <= now) {
        const thread = this.#options.pool.acquire(lane.generation)
        if (thread === undefined) break
        this.#dispatch(lane, thread)
      }
      // What is due and has no worker waits for `pump` to be called by one that is free.
      if (lane.due > now) next = Math.min(next, lane.due)
    }
    if (next < Number.POSITIVE_INFINITY) this.#timer = setTimeout(this.pump, Math.max(1, next - now))
  }

  /** After all that came in one turn of the event loop. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.pump)
  }

  #lane<Input, Output>(kind: LaneKind<Input, Output>, generation: number): Lane<Input, Output> {
    const key = `${kind.name} ${generation}`
    let lane = this.#lanes.get(key) as unknown as Lane<Input, Output> | undefined
    if (lane === undefined) {
      const { maxBatch, maxDelay } = this.#options
      lane = new Lane({ generation, kind, maxBatch, maxDelay })
      this.#lanes.set(key, lane as unknown as Lane)
    }
    return lane
  }

  #dispatch(lane: Lane, thread: WorkerThread): void {
    const jobs = lane.take()
    for (const job of jobs) {
      this.#count(job, -1)
      job.attempts++
    }
    void this.#run(lane, { thread, jobs })
  }

  async #run(lane: Lane, { thread, jobs }: { thread: WorkerThread; jobs: Job<unknown, unknown>[] }): Promise<void> {
    const { pool, hangAfter, onBatch } = this.#options
    const started = performance.now()
    const hang = setTimeout(() => void thread.end(`no answer within ${hangAfter} ms`), hangAfter)
    try {
      const outputs = await lane.kind.run(thread, { generation: lane.generation, jobs })
      for (const [index, job] of jobs.entries()) {
        const output = outputs[index]
        if (output instanceof Error) job.reject(output)
        else job.resolve(output)
      }
    } catch (error) {
      this.#recover(lane, { jobs, error: error as Error })
    } finally {
      clearTimeout(hang)
      const seconds = (performance.now() - started) / 1000
      onBatch?.({ kind: lane.kind.name, rows: jobs.reduce((sum, { rows }) => sum + rows, 0), seconds })
      this.#finished(lane, jobs)
      pool.release(thread)
    }
  }

  /** A lost worker is no fault of the requests that it had: they run again, once. Tensors that were transferred are still the jobs' own. */
  #recover(lane: Lane, { jobs, error }: { jobs: readonly Job<unknown, unknown>[]; error: Error }): void {
    if (!(error instanceof WorkerLost)) {
      for (const job of jobs) job.reject(error)
      return
    }
    const again = jobs.filter(({ settled, attempts }) => !settled && attempts < MOST_ATTEMPTS)
    lane.putBack(again)
    for (const job of again) this.#count(job, 1)
    for (const job of jobs) {
      if (job.attempts >= MOST_ATTEMPTS) job.reject(new Refusal('UNAVAILABLE', 'the worker was lost, twice: try again'))
    }
  }

  #finished({ generation }: Lane, jobs: readonly Job<unknown, unknown>[]): void {
    this.#forget(generation, jobs.filter(({ settled }) => settled).length)
  }

  #forget(generation: number, count: number): void {
    const left = this.pending(generation) - count
    if (left > 0) {
      this.#pending.set(generation, left)
      return
    }
    this.#pending.delete(generation)
    this.#options.onIdle?.(generation)
  }

  /** Lanes of a generation that is no longer served. */
  removeLanes(generation: number): void {
    for (const [key, lane] of this.#lanes) if (lane.generation === generation) this.#lanes.delete(key)
  }

  #sweep(): void {
    for (const lane of this.#lanes.values()) {
      const gone = lane.sweep()
      for (const job of gone) this.#count(job, -1)
      if (gone.length > 0) this.#forget(lane.generation, gone.length)
    }
  }

  #count({ bytes }: { readonly bytes: number }, sign: 1 | -1): void {
    this.#waiting += sign
    this.#waitingBytes += sign * bytes
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
