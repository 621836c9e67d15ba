/** What a training in the page takes and yields: plain data, for the page and the worker alike. */
import type { Digits } from 'mnist-infer/digits'

export interface TrainParams {
  /** The file of the network to train: its graph is taken, its weights are drawn anew. */
  readonly model: Uint8Array
  readonly data: TrainingData
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  readonly optimizer: 'sgd' | 'adam'
  /** Of the initial weights, the order of the pictures and the generated digits. */
  readonly seed: number
}

/** Generated digits, or the visitor's own. */
export type TrainingData =
  | { readonly kind: 'generated'; readonly train: number; readonly test: number }
  | { readonly kind: 'given'; readonly train: Digits; readonly test: Digits; readonly description: string }

export interface EpochReport {
  /** Counted from 1. */
  readonly epoch: number
  /** Mean of the batch losses (nats). */
  readonly loss: number
  /** Counted during the epoch, 0…1. */
  readonly trainAccuracy: number
  /** 0…1 */
  readonly testAccuracy: number
  /** Training alone, without the test. */
  readonly imagesPerSecond: number
}

export type TrainProgress =
  | { readonly type: 'data'; readonly done: number; readonly total: number }
  | {
      readonly type: 'batch'
      readonly epoch: number
      /** Share of the whole training, 0…1. */
      readonly share: number
      readonly loss: number
      /** Of the batch, 0…1. */
      readonly accuracy: number
      readonly imagesPerSecond: number
    }
  | { readonly type: 'epoch'; readonly report: EpochReport }

/** A drawn digit and what it means. */
export interface Example {
  /** [28 × 28], framed as MNIST is: paper 0, ink 255. */
  readonly pixels: Uint8Array
  /** 0…9 */
  readonly label: number
}

export interface TeachParams {
  readonly model: Uint8Array
  readonly examples: readonly Example[]
  readonly seed: number
}

export interface TaughtModel {
  /** The file of the taught model. */
  readonly model: Uint8Array
  /** Of the examples, how many were read right. */
  readonly examples: { readonly before: number; readonly after: number; readonly total: number }
  /** Share of generated digits, not learned from, that are read right, 0…1: what was lost, if anything. */
  readonly others: { readonly before: number; readonly after: number }
}
