/** The page's one worker for reading: however many elements and calls there are, the runtime is loaded once. */
import { WorkerClient } from './worker-client.js'

/** An element that is moved in the page leaves it for a moment: what it had loaded waits for it so long, in milliseconds. */
const LINGER = 10_000

let client: WorkerClient | undefined
let users = 0
let ending: ReturnType<typeof setTimeout> | undefined

/** The worker, in use until `release` is called as often. */
export function acquireWorker(): WorkerClient {
  clearTimeout(ending)
  if (client === undefined || client.failed) client = new WorkerClient()
  users++
  return client
}

export function releaseWorker(): void {
  users--
  if (users > 0) return
  clearTimeout(ending)
  ending = setTimeout(() => {
    client?.terminate()
    client = undefined
  }, LINGER)
}
