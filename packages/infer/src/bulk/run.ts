/** A bulk run: entries to worker threads, a task at a time, and their records back in the entries' order, in bounded memory. */
import { Worker } from 'node:worker_threads'
import { type ErrorCode, UserError } from 'mnist-export/errors'
import { type Entry, heldBytes } from './entry.js'
import type { Reply, Task, WorkerSettings } from './messages.js'

export interface BulkOptions extends WorkerSettings {
  readonly workers: number
  /** Most entries of a task, and pictures of a run of the model. */
  readonly batchSize: number
  /** Takes a task's records, in order; the next ones wait. */
  readonly write: (text: string) => void | Promise<void>
  /** Called once, with what runs the model. */
  readonly onReady?: (runs: string) => void
}

export interface BulkResult {
  readonly pictures: number
  readonly failed: number
}

/** A task ends early where its entries hold so many bytes. */
const TASK_BYTES = 8 * 2 ** 20

/** Pictures live for a task: with room for a task's, few outlive a collection of the young. */
const LIMITS = { maxYoungGenerationSizeMb: 64 }

/** Tasks that each worker has or is about to have: one in work, one waiting. */
const AHEAD = 2

/** @throws UserError where the model or its provider cannot be had; whatever `write` throws. */
export async function runBulk(entries: AsyncIterable<Entry>, options: BulkOptions): Promise<BulkResult> {
  const { workers, batchSize, write, onReady, ...settings } = options
  const threads = Array.from({ length: workers }, () => new WorkerThread(settings))
  try {
    onReady?.(await (threads[0] as WorkerThread).ready)
    const running: Promise<Answers>[] = []
    let [next, pictures, failed] = [0, 0, 0]
    const writeFirst = async (): Promise<void> => {
      const answers = await (running.shift() as Promise<Answers>)
      pictures += answers.pictures
      failed += answers.failed
      await write(answers.text)
    }
    for await (const task of tasksOf(entries, batchSize)) {
      // Tasks are alike, so that turns are as good as a queue.
      running.push((threads[next++ % workers] as WorkerThread).perform(task))
      if (running.length >= AHEAD * workers) await writeFirst()
    }
    while (running.length > 0) await writeFirst()
    return { pictures, failed }
  } finally {
    await Promise.all(threads.map((thread) => thread.close()))
  }
}

async function* tasksOf(entries: AsyncIterable<Entry>, most: number): AsyncGenerator<Entry[]> {
  let [task, bytes]: [Entry[], number] = [[], 0]
  for await (const entry of entries) {
    task.push(entry)
    bytes += heldBytes(entry)
    if (task.length < most && bytes < TASK_BYTES) continue
    yield task
    ;[task, bytes] = [[], 0]
  }
  if (task.length > 0) yield task
}

type Answers = Extract<Reply, { kind: 'answers' }>

interface Waiting {
  resolve(answers: Answers): void
  reject(error: unknown): void
}

class WorkerThread {
  readonly ready: Promise<string>
  readonly #worker: Worker
  readonly #waiting: Waiting[] = []
  readonly #ended: Promise<void>
  #failure: unknown

  constructor(settings: WorkerSettings) {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: settings, resourceLimits: LIMITS })
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()))
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (reply: Reply) => {
        if (reply.kind === 'ready') resolve(reply.runs)
        else if (reply.kind === 'answers') this.#waiting.shift()?.resolve(reply)
        else this.#fail(errorOf(reply), reject)
      })
      this.#worker.once('error', (error) => this.#fail(error, reject))
    })
    // The first worker's is awaited; the others' failures come back with their tasks.
    this.ready.catch(() => {})
  }

  perform(entries: readonly Entry[]): Promise<Answers> {
    const answers = new Promise<Answers>((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure)
      else this.#waiting.push({ resolve, reject })
    })
    // Awaited in order: until then a failure must not count as unhandled.
    answers.catch(() => {})
    this.#worker.postMessage({ entries } satisfies Task)
    return answers
  }

  /** After the tasks that it has: a thread that is ended within ONNX Runtime takes the process with it. */
  async close(): Promise<void> {
    if (this.#failure === undefined) {
      this.#worker.postMessage(undefined satisfies Task)
      await this.#ended
    } else await this.#worker.terminate()
  }

  #fail(error: unknown, rejectReady: (error: unknown) => void): void {
    this.#failure = error
    rejectReady(error)
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

function errorOf({ error, code }: Extract<Reply, { kind: 'failed' }>): Error {
  return code === undefined ? new Error(String(error)) : new UserError(code as ErrorCode, String(error))
}
