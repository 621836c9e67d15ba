/** The page's workers for reading: however many elements and calls there are, each loads the runtime once. */
import { WorkerClient } from './worker-client.js'

/** An element that is moved in the page leaves it for a moment: what it had loaded waits for it so long, in milliseconds. */
const LINGER = 10_000

export class ReadingWorker {
  #client: WorkerClient | undefined
  #users = 0
  #ending: ReturnType<typeof setTimeout> | undefined

  /** The worker, in use until `release` is called as often. */
  acquire(): WorkerClient {
    clearTimeout(this.#ending)
    if (this.#client === undefined || this.#client.failed) this.#client = new WorkerClient()
    this.#users++
    return this.#client
  }

  release(): void {
    this.#users--
    if (this.#users > 0) return
    clearTimeout(this.#ending)
    this.#ending = setTimeout(() => {
      this.#client?.terminate()
      this.#client = undefined
    }, LINGER)
  }
}

/** Threads are of a worker's whole runtime. Small networks are read in this one, which has one thread. */
export const singleThreaded = new ReadingWorker()

/** For networks that threads make faster; started when the first of them comes. */
export const threaded = new ReadingWorker()
