/** One worker thread seen from the event loop: tasks in, promises out, and its end. */
import { type Transferable, Worker } from 'node:worker_threads'
import type { Reply, Task, TaskMessage, TaskResults, WorkerSettings } from './messages.js'
import { errorOf } from './plain-error.js'

/** Ms for a thread to end by itself. */
const EXIT_WAIT = 5000

/** The worker is gone; what it was doing may be done again elsewhere. */
export class WorkerLost extends Error {
  override readonly name = 'WorkerLost'
}

export interface ThreadOptions {
  readonly entry: URL
  readonly settings: WorkerSettings
  /** JavaScript heap, in bytes, beyond which the thread ends itself. */
  readonly heapLimit: number
  /** Called once, when the thread has ended. */
  readonly onEnd: (thread: WorkerThread, reason: string) => void
}

interface Pending {
  readonly resolve: (result: TaskResults[Task['kind']]) => void
  readonly reject: (error: Error) => void
}

export class WorkerThread {
  /** Generations that are open in it. */
  readonly open = new Set<number>()
  /** Generations that are being opened in it. */
  readonly opening = new Set<number>()
  readonly started = performance.now()
  /** It takes one task at a time. */
  busy = false
  /** Given no more tasks: about to be replaced. */
  retired = false
  ended = false
  /** Bytes of JavaScript heap and buffers, as last reported. */
  heap = 0
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  #nextId = 0
  #reason = ''

  constructor({ entry, settings, heapLimit, onEnd }: ThreadOptions) {
    this.#worker = new Worker(entry, {
      workerData: settings,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(heapLimit / 2 ** 20) },
    })
    this.#worker.on('message', (reply: Reply) => this.#settle(reply))
    this.#worker.on('error', (error) => {
      this.#reason = error.message
    })
    this.#worker.once('exit', (status) => {
      this.ended = true
      const lost = new WorkerLost(this.#reason || `worker ended with status ${status}`)
      for (const { reject } of this.#pending.values()) reject(lost)
      this.#pending.clear()
      onEnd(this, lost.message)
    })
  }

  /** @throws WorkerLost where the thread ends before it answers; else what the task threw. */
  perform<K extends Task['kind']>(
    task: Extract<Task, { kind: K }>,
    transfer: readonly Transferable[] = [],
  ): Promise<TaskResults[K]> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(new WorkerLost('worker has ended'))
        return
      }
      const id = this.#nextId++
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject })
      this.#worker.postMessage({ ...task, id } as TaskMessage, transfer)
    })
  }

  /**
   * Ends it between two of its native calls. To terminate a thread within one lets onnxruntime-node 1.30 throw in C++, where nobody
   * catches it, and the process dies; so that is for a thread that does not end by itself.
   */
  async end(reason: string): Promise<void> {
    if (this.ended) return
    this.#reason ||= reason
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve))
    this.#worker.postMessage({ kind: 'exit', id: this.#nextId++ } satisfies TaskMessage)
    const late = setTimeout(() => void this.#worker.terminate(), EXIT_WAIT)
    await ended
    clearTimeout(late)
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    this.heap = reply.heap
    if ('error' in reply) pending?.reject(errorOf(reply.error))
    else pending?.resolve(reply.result)
  }
}
