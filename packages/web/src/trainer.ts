/** Training in the page: in a worker of its own, so that reading goes on beside it. */
import { giveWay } from './give-way.js'
import type { Progress } from './runtime/protocol.js'
import { WorkerClient } from './runtime/worker-client.js'
import type { EpochReport, Example, TaughtModel, TrainParams, TrainProgress } from './training.js'

export interface RunningTraining {
  /** The epochs that were trained: all, or those before it was stopped. */
  readonly finished: Promise<readonly EpochReport[]>
  pause(): Promise<void>
  resume(): Promise<void>
  /** Ends it after the step under way. */
  stop(): Promise<void>
  /** The .onnx file of the model as it is now, in the middle of the training too. */
  model(): Promise<Uint8Array>
  /** Frees the worker; the training is lost. */
  close(): void
}

/**
 * Trains a network from nothing: the graph of `params.model`, its weights drawn anew. It rests while the visitor draws, types or
 * scrolls, so that the page answers at once.
 */
export function train(params: TrainParams, onProgress: (progress: TrainProgress) => void): RunningTraining {
  const worker = new WorkerClient()
  const end = giveWay(worker)
  return {
    finished: worker.request('train', params, { onProgress: trainingOnly(onProgress) }).finally(end),
    pause: async () => void (await worker.request('pause', { paused: true })),
    resume: async () => void (await worker.request('pause', { paused: false })),
    stop: async () => void (await worker.request('stop', null)),
    model: () => worker.request('trained', null),
    close: () => worker.terminate(),
  }
}

export interface TeachOptions {
  /** Another one varies the examples otherwise. Default 1. */
  readonly seed?: number
  readonly onProgress?: (progress: TrainProgress) => void
}

/**
 * Teaches a model one hand: fine-tunes its last layers on drawn `examples`, five of a digit are enough, without losing the rest.
 * @throws ProblemError where the model has no layers that can be taught.
 */
export async function teach(
  model: Uint8Array,
  examples: readonly Example[],
  { seed = 1, onProgress = () => {} }: TeachOptions = {},
): Promise<TaughtModel> {
  const worker = new WorkerClient()
  const end = giveWay(worker)
  try {
    return await worker.request('teach', { model, examples, seed }, { onProgress: trainingOnly(onProgress) })
  } finally {
    end()
    worker.terminate()
  }
}

function trainingOnly(onProgress: (progress: TrainProgress) => void): (progress: Progress) => void {
  return (progress) => {
    if (progress.type !== 'download') onProgress(progress)
  }
}
