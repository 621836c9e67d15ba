/** The health thread, seen from the event loop. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { HealthAddress, HealthReply } from './messages.js'
import type { Health } from './verdict.js'

/** Ms between two words to the thread: the most that its answer is behind. */
const INTERVAL = 250

/** MiB of the thread's JavaScript heap. */
const HEAP = 16

export interface HealthPort {
  /** The one that it listens at. */
  readonly port: number
  /** Tells what is so now, rather than when it is time. */
  tell(): void
  /** Answers no more. */
  close(): Promise<void>
}

export interface HealthEvents {
  /** Asked all the while. */
  readonly health: () => Health
  /** The thread has ended, unasked: the port answers no more. */
  readonly onLost: (error: Error) => void
}

/** @throws an error with `code`, as the system calls it, where the port cannot be had. */
export async function openHealthPort(address: HealthAddress, { health, onLost }: HealthEvents): Promise<HealthPort> {
  const worker = new Worker(new URL('./thread-entry.js', import.meta.url), {
    workerData: address,
    resourceLimits: { maxOldGenerationSizeMb: HEAP, maxYoungGenerationSizeMb: 2 },
  })
  const [reply] = (await once(worker, 'message')) as [HealthReply]
  if ('code' in reply) {
    await worker.terminate()
    throw Object.assign(new Error(`health port: ${reply.code}`), { code: reply.code })
  }
  worker.on('error', onLost)
  const tell = (): void => worker.postMessage(health())
  tell()
  const telling = setInterval(tell, INTERVAL)
  telling.unref()
  return {
    port: reply.port,
    tell,
    close: async () => {
      clearInterval(telling)
      await worker.terminate()
    },
  }
}
