/** A worker of ours, from the page's side: requests as promises. */
import { ProblemError, type ProblemReport } from '../problem.js'
import type { MethodName, Methods, Progress, Reply } from './protocol.js'

export interface RequestOptions {
  readonly transfer?: Transferable[]
  readonly onProgress?: (progress: Progress) => void
}

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: ProblemError) => void
  readonly onProgress: ((progress: Progress) => void) | undefined
}

export class WorkerClient {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  /** Set once the worker is no longer of use. */
  #failure: ProblemError | undefined

  constructor() {
    this.#worker = startWorker()
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#receive(data))
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault()
      const found = event.message ? event.message : 'it did not start'
      this.#fail(
        new ProblemError(
          'worker-blocked',
          `The digit reader's worker: expected it to run, found: ${found}. The page's policy must allow it (worker-src) and its file must lie beside the script.`,
        ),
      )
    })
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  request<M extends MethodName>(
    method: M,
    params: Methods[M]['params'],
    { transfer = [], onProgress }: RequestOptions = {},
  ): Promise<Methods[M]['result']> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (result: unknown) => void, reject, onProgress })
      this.#worker.postMessage({ id, method, params }, transfer)
    })
  }

  terminate(): void {
    this.#worker.terminate()
    this.#fail(new ProblemError('internal', 'the digit reader was closed'))
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.id)
    if (pending === undefined) return
    if ('progress' in reply) {
      pending.onProgress?.(reply.progress)
      return
    }
    this.#pending.delete(reply.id)
    if ('error' in reply) pending.reject(asError(reply.error))
    else pending.resolve(reply.result)
  }

  #fail(error: ProblemError): void {
    this.#failure ??= error
    for (const { reject } of this.#pending.values()) reject(this.#failure)
    this.#pending.clear()
  }
}

function asError({ problem, message }: ProblemReport): ProblemError {
  return new ProblemError(problem, message)
}

/** In the form that bundlers look for. */
function startWorker(): Worker {
  try {
    return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  } catch (cause) {
    const isForeign = /^https?:/.test(import.meta.url) && new URL(import.meta.url).origin !== location.origin
    if (isForeign) return startForeignWorker()
    const found = cause instanceof Error ? cause.message : String(cause)
    throw new ProblemError('worker-blocked', `The digit reader's worker: expected it to start, found: ${found}`, {
      cause,
    })
  }
}

/** A script tag may name another host, and a worker may not: there a worker of this page's own imports it. */
function startForeignWorker(): Worker {
  const url = import.meta.url.replace(/[^/]*$/, 'worker.js')
  const local = URL.createObjectURL(new Blob([`import ${JSON.stringify(url)}`], { type: 'text/javascript' }))
  const worker = new Worker(local, { type: 'module' })
  // Once it has answered, the worker has read its script.
  worker.addEventListener('message', () => URL.revokeObjectURL(local), { once: true })
  return worker
}
