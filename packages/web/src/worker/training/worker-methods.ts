/** The training methods of the worker, loaded when the first is called. One training at a time. */
import { ProblemError } from '../../problem.js'
import type { Methods, Progress } from '../../runtime/protocol.js'
import { mostThreads } from '../../runtime/threads.js'
import { assertWebAssembly, chooseThreads, openModel } from '../runtime.js'
import { teach as teachModel } from './teach.js'
import { Training, type TrainingContext } from './train.js'

let training: Training | undefined
let paused = false
let stopped = false
let restUntil = 0
let wake: (() => void) | undefined

type Tell = (progress: Progress) => void

export async function train(params: Methods['train']['params'], tell: Tell): Promise<Methods['train']['result']> {
  await training?.close()
  begin()
  training = new Training(params, contextOf(tell))
  return training.run()
}

export async function teach(params: Methods['teach']['params'], tell: Tell): Promise<Methods['teach']['result']> {
  begin()
  return teachModel(params, contextOf(tell))
}

export function pause({ paused: wanted }: Methods['pause']['params']): null {
  paused = wanted
  wake?.()
  return null
}

export function rest({ milliseconds }: Methods['rest']['params']): null {
  restUntil = performance.now() + milliseconds
  return null
}

export function stop(): null {
  stopped = true
  wake?.()
  return null
}

export function trained(): Uint8Array {
  if (training === undefined) throw new ProblemError('internal', 'expected a training, found none: begin one first')
  return training.trained()
}

function begin(): void {
  assertWebAssembly()
  paused = false
  stopped = false
}

function contextOf(tell: Tell): TrainingContext {
  // One core is left to the page, which is drawn on meanwhile.
  const { threads } = chooseThreads(Math.min(mostThreads(), Math.max(1, navigator.hardwareConcurrency - 1)))
  return {
    onProgress: tell,
    open: (model) => openModel(model, 'wasm', { threads, onProgress: tell, memoryPattern: false }),
    mayGoOn,
  }
}

/** Lets messages in, which a loop of awaited runs alone would not; waits while the training is paused or rests. */
async function mayGoOn(): Promise<boolean> {
  await nextTask()
  while (!stopped) {
    const left = restUntil - performance.now()
    if (!paused && left <= 0) break
    await new Promise<void>((resolve) => {
      wake = resolve
      if (!paused) setTimeout(resolve, left)
    })
  }
  return !stopped
}

/** A message to oneself comes after those that wait already; a timeout of 0 would wait 4 ms. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
