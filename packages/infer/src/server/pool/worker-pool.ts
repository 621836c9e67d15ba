/**
 * As many workers as asked for, all with the same models open, but for the heavy ones, which a worker opens when it is needed for them.
 * One that dies, hangs or grows is replaced.
 */
import type { Opening, WorkerSettings } from './messages.js'
import { WorkerLost, WorkerThread } from './worker-thread.js'

export interface PoolOptions {
  readonly entry: URL
  readonly size: number
  readonly settings: WorkerSettings
  /** Bytes of JavaScript heap and buffers beyond which a worker is replaced after its task. */
  readonly workerMemory: number
  /** A worker is free or has come back. */
  readonly onFree: () => void
  readonly onLost: (reason: string) => void
}

/** Wait before a worker that could not start is tried again: doubled each time, up to the last. In ms. */
const FIRST_WAIT = 100
const LONGEST_WAIT = 10_000

/** So many failed starts in a row, and the pool calls itself broken. */
const BROKEN_AFTER = 5

/** Bytes of a model's file beyond which it is heavy: AlexNet takes a tenth of a GB in each worker, asked for or not. */
const HEAVY = 8 * 2 ** 20

export class WorkerPool {
  readonly #options: PoolOptions
  readonly #threads = new Set<WorkerThread>()
  readonly #openings = new Map<number, Opening>()
  #failures = 0
  #closing = false
  #timers = new Set<NodeJS.Timeout>()

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Starts the workers; they open what is open by then, and all that is opened later. */
  start(): void {
    for (let index = 0; index < this.#options.size; index++) this.#spawn()
  }

  /** Workers that run. */
  get alive(): number {
    return [...this.#threads].filter(({ ended }) => !ended).length
  }

  get busy(): number {
    return [...this.#threads].filter(({ busy }) => busy).length
  }

  /** Workers start and die, again and again. */
  get broken(): boolean {
    return this.#failures >= BROKEN_AFTER
  }

  /** The JavaScript heaps and buffers of all, in bytes. */
  get heap(): number {
    return [...this.#threads].reduce((sum, { heap }) => sum + heap, 0)
  }

  get threads(): readonly WorkerThread[] {
    return [...this.#threads]
  }

  /** Whether some worker could run this generation now or after its task. */
  serves(generation: number): boolean {
    return this.threads.some((thread) => !thread.retired && thread.open.has(generation))
  }

  /**
   * A worker that is free and has the generation open; it is the caller's until `release`. Where the free ones do not have it, one of them
   * begins to open it, and tells by `onFree` when it has.
   */
  acquire(generation: number): WorkerThread | undefined {
    const free = this.threads.filter(({ busy, retired, ended }) => !busy && !retired && !ended)
    const thread = free.find(({ open }) => open.has(generation))
    if (thread !== undefined) {
      thread.busy = true
      return thread
    }
    const opening = this.#openings.get(generation)
    const next = free.find((each) => !each.opening.has(generation))
    if (opening !== undefined && isHeavy(opening) && next !== undefined) {
      next.busy = true
      void this.#openOrEnd(next, [opening]).finally(() => this.release(next))
    }
    return undefined
  }

  release(thread: WorkerThread): void {
    thread.busy = false
    if (thread.retired) void thread.end('replaced')
    else if (thread.heap > this.#options.workerMemory) {
      this.replace(thread, `grew to ${Math.round(thread.heap / 2 ** 20)} MiB`)
    }
    this.#options.onFree()
  }

  /** Lets a worker finish its task and ends it; another takes its place at once. */
  replace(thread: WorkerThread, reason: string): void {
    if (thread.retired || this.#closing) return
    thread.retired = true
    this.#spawn()
    if (!thread.busy) void thread.end(reason)
  }

  /**
   * Opens a model in every worker, and in those to come; a heavy one in the first, and in others as `acquire` finds them needed.
   *
   * @throws UserError where no worker can open it.
   */
  async open(opening: Opening): Promise<void> {
    this.#openings.set(opening.generation, opening)
    const living = this.threads.filter(({ ended, retired }) => !ended && !retired)
    const attempts = isHeavy(opening) ? living.slice(0, 1) : living
    const results = await Promise.allSettled(attempts.map((thread) => this.#openIn(thread, opening)))
    const failed = results.find((result) => result.status === 'rejected' && !(result.reason instanceof WorkerLost))
    if (failed !== undefined) {
      this.close(opening.generation)
      throw (failed as PromiseRejectedResult).reason
    }
  }

  close(generation: number): void {
    this.#openings.delete(generation)
    for (const thread of this.#threads) {
      // The lost ones have closed it in their own way.
      if (thread.open.delete(generation)) thread.perform({ kind: 'close', generation }).catch(() => undefined)
    }
  }

  async stop(): Promise<void> {
    this.#closing = true
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all(this.threads.map((thread) => thread.end('the server stops')))
  }

  async #openIn(thread: WorkerThread, opening: Opening): Promise<void> {
    // A copy of its own, which moves and is garbage as soon as it is open; for the worker that may follow, this one stays.
    const bytes = new Uint8Array(opening.bytes)
    thread.opening.add(opening.generation)
    try {
      await thread.perform<'open'>({ ...opening, kind: 'open', bytes }, [bytes.buffer])
    } finally {
      thread.opening.delete(opening.generation)
    }
    if (this.#openings.has(opening.generation)) {
      thread.open.add(opening.generation)
      this.#options.onFree()
    } else {
      // It was closed meanwhile.
      await thread.perform({ kind: 'close', generation: opening.generation })
    }
  }

  #spawn(): void {
    const { entry, settings, workerMemory } = this.#options
    const thread = new WorkerThread({
      entry,
      settings,
      // Buffers lie outside the heap that this limits; what is within is replaced at its own pace by `release`.
      heapLimit: workerMemory,
      onEnd: (ended, reason) => this.#ended(ended, reason),
    })
    this.#threads.add(thread)
    const wanted = [...this.#openings.values()].filter(
      (opening) => !isHeavy(opening) || !this.serves(opening.generation),
    )
    void this.#openOrEnd(thread, wanted).then((opened) => {
      if (opened && wanted.length > 0) this.#failures = 0
    })
  }

  /** A worker that cannot open what others could is of no use. */
  async #openOrEnd(thread: WorkerThread, openings: readonly Opening[]): Promise<boolean> {
    try {
      await Promise.all(openings.map((opening) => this.#openIn(thread, opening)))
      return true
    } catch (error) {
      if (!(error instanceof WorkerLost)) void thread.end(String(error))
      return false
    }
  }

  #ended(thread: WorkerThread, reason: string): void {
    this.#threads.delete(thread)
    if (this.#closing) return
    this.#options.onLost(reason)
    // Its place was taken when it was retired.
    if (thread.retired) return
    const young = performance.now() - thread.started < LONGEST_WAIT
    this.#failures = young ? this.#failures + 1 : 0
    // The first replacement comes at once: a request may be waiting for it.
    const wait = this.#failures <= 1 ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.#failures - 2))
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#spawn()
    }, wait)
    this.#timers.add(timer)
  }
}

function isHeavy({ bytes }: Opening): boolean {
  return bytes.byteLength > HEAVY
}
