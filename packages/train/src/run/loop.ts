/**
 * The training loop as a sequence of events. It holds no state beyond `Progress`, which it yields after each batch: who
 * consumes it can stop, save and later start again from there, and gets the same run.
 */
import type { Dataset } from 'mnist-infer/mnist'
import type { Engine } from '../engine/engine.js'
import { type EpochPictures, plainPictures } from './epoch-pictures.js'
import type { EpochMetrics } from './results.js'
import { epochOrder } from './shuffle.js'

/** How far a run has come. */
export interface Progress {
  /** The epoch under way, counted from 0; the number of epochs once all are done. */
  readonly epoch: number
  /** Batches of this epoch that are done. */
  readonly batch: number
  /** Sum of this epoch's batch losses so far (nats). */
  readonly lossSum: number
  /** Training pictures of this epoch answered right so far. */
  readonly correct: number
  /** Seconds spent on this epoch's batches so far. */
  readonly trainSeconds: number
  readonly history: readonly EpochMetrics[]
}

export const START: Progress = { epoch: 0, batch: 0, lossSum: 0, correct: 0, trainSeconds: 0, history: [] }

export interface Plan {
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  readonly seed: number
}

export type TrainingEvent =
  | { readonly type: 'batch'; readonly progress: Progress; readonly pictures: number; readonly loss: number }
  | { readonly type: 'epoch'; readonly progress: Progress; readonly metrics: EpochMetrics }

export interface LoopOptions {
  readonly engine: Engine
  readonly dataset: Pick<Dataset, 'train' | 'test'>
  readonly plan: Plan
  readonly from?: Progress
  /** What the batches hold; by default the training pictures as they are. */
  readonly pictures?: EpochPictures
  /** The plan's learning rate is multiplied with this, of the share of the run's steps that are done, 0…1; by default with 1. */
  readonly rateAt?: (done: number) => number
}

/** Batches of an epoch; the last may be short and is kept. */
export function batchCount(pictures: number, batchSize: number): number {
  return Math.ceil(pictures / batchSize)
}

/** Trains from `from` to the plan's last epoch. The engine's state must be the one that belongs to `from`. */
export async function* trainingLoop({
  engine,
  dataset,
  plan,
  from = START,
  pictures = plainPictures(dataset.train),
  rateAt = () => 1,
}: LoopOptions): AsyncGenerator<TrainingEvent> {
  const { train, test } = dataset
  const batches = batchCount(train.count, plan.batchSize)
  let progress = from
  while (progress.epoch < plan.epochs) {
    const order = epochOrder(train.count, plan.seed, progress.epoch)
    while (progress.batch < batches) {
      const start = performance.now()
      const begin = progress.batch * plan.batchSize
      const { images, labels } = pictures(order.subarray(begin, begin + plan.batchSize), progress.epoch)
      const step = progress.epoch * batches + progress.batch
      const learningRate = plan.learningRate * rateAt(step / (plan.epochs * batches))
      const { loss, correct } = await engine.step({ images, labels, learningRate, step })
      progress = {
        ...progress,
        batch: progress.batch + 1,
        lossSum: progress.lossSum + loss,
        correct: progress.correct + correct,
        trainSeconds: progress.trainSeconds + (performance.now() - start) / 1000,
      }
      yield { type: 'batch', progress, pictures: labels.length, loss }
    }
    const start = performance.now()
    const evaluated = await engine.evaluate(test)
    const metrics: EpochMetrics = {
      epoch: progress.epoch,
      loss: progress.lossSum / batches,
      trainAccuracy: progress.correct / train.count,
      testAccuracy: evaluated.correct / test.count,
      testLoss: evaluated.loss,
      trainSeconds: progress.trainSeconds,
      testSeconds: (performance.now() - start) / 1000,
    }
    progress = { ...START, epoch: progress.epoch + 1, history: [...progress.history, metrics] }
    yield { type: 'epoch', progress, metrics }
  }
}
