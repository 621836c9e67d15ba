/** What trains a network: one interface, whatever computes. */
import type { Digits } from 'mnist-infer/mnist'
import type { EngineName } from './names.js'

/** One parameter or running statistic. */
export interface StateTensor {
  readonly shape: readonly number[]
  /** Row-major. */
  readonly values: Float32Array
}

/**
 * All that a network has learned, by the names and in the layouts of its ONNX graph (`conv1.weight` [M, C, kh, kw]): the same on
 * every engine, so that a run begun on one goes on on another.
 */
export type EngineState = ReadonlyMap<string, StateTensor>

export interface StepInput {
  /** [n × 784], rows of 28, 0 paper to 255 ink. */
  readonly images: Uint8Array
  /** [n], each 0…9. */
  readonly labels: Uint8Array
  readonly learningRate: number
  /** Steps that the run has made before this one: with the run's seed, it decides what dropout drops. */
  readonly step: number
}

export interface Answered {
  /** Mean cross-entropy (nats). */
  readonly loss: number
  /** How many of the pictures were answered right. */
  readonly correct: number
}

export interface Engine {
  /** One step of SGD on a batch of any size from 1 up. What it returns was computed before the update, in training mode. */
  step(input: StepInput): Promise<Answered>
  /** Loss and right answers in evaluation mode; nothing is learned. */
  evaluate(digits: Digits): Promise<Answered>
  /** A copy of the state. */
  state(): Promise<EngineState>
  /** @throws UserError INPUT where `state` is not of this network. */
  restore(state: EngineState): Promise<void>
  dispose(): Promise<void>
}

export interface EngineOptions {
  /** Pictures of a full batch. */
  readonly batchSize: number
  /** Of dropout. */
  readonly seed: number
  /** CPU threads. */
  readonly threads: number
  /** Pictures whose gradients are computed at a time, where memory is short; absent: the whole batch. Only the engine `onnx` has it. */
  readonly microBatch?: number | undefined
}

/** An engine that is open, and what it computes on. */
export interface OpenedEngine {
  readonly engine: Engine
  readonly name: EngineName
  /** Engine and device, in words: `onnx (ONNX Runtime, CPU, 2 threads)`. */
  readonly description: string
}
