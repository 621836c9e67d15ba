/** Training gives way to the visitor: on two cores, what is drawn meanwhile would come late. */
import type { WorkerClient } from './runtime/worker-client.js'

/** Milliseconds that a training rests after an input: a hand that draws has shorter pauses. */
const REST = 300

/** Inputs come by the hundred; the worker hears of one in so many milliseconds. */
const TOLD_EVERY = 100

const INPUTS = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const

/** Lets the training of `worker` rest while the visitor draws, types or scrolls. Returns what ends it. */
export function giveWay(worker: WorkerClient): () => void {
  const ended = new AbortController()
  let told = Number.NEGATIVE_INFINITY
  const rest = (event: Event): void => {
    // A mouse that only passes over the page asks nothing of it.
    if (event.type === 'pointermove' && (event as PointerEvent).buttons === 0) return
    if (event.timeStamp - told < TOLD_EVERY) return
    told = event.timeStamp
    worker.request('rest', { milliseconds: REST }).catch(() => {})
  }
  for (const type of INPUTS) addEventListener(type, rest, { capture: true, passive: true, signal: ended.signal })
  return () => ended.abort()
}
