/** What the page and its workers say to each other: requests with a number, each answered once, with progress in between. */

import type { ProblemReport } from '../problem.js'
import type { EpochReport, TaughtModel, TeachParams, TrainParams, TrainProgress } from '../training.js'

/** Where a model is: a URL, or the bytes of its file. */
export type ModelSource = string | Uint8Array

/** `wasm` is the default; `webgpu` loads another, larger build of the runtime. */
export type WebProvider = 'wasm' | 'webgpu'

export interface OpenParams {
  readonly model: ModelSource
  readonly provider: WebProvider
  /** Undefined: one, and `WantsThreads` where the network wants more. */
  readonly threads: number | undefined
  /** The model's file, where it was downloaded before. */
  readonly bytes?: Uint8Array
}

/** A network that threads make faster, asked for in the worker of one thread: its file, for the worker that has some. */
export interface WantsThreads {
  readonly wantsThreads: Uint8Array
}

/** What runs, and what had to be done without. */
export interface RuntimeReport {
  readonly provider: WebProvider
  readonly threads: number
  /** One line: `WebAssembly, 2 threads`; where it is one, with the reason. */
  readonly description: string
  /** What was asked for and could not be had; the model answers all the same. */
  readonly notices: readonly ProblemReport[]
}

export interface OpenedModel {
  /** Names the model in later requests. */
  readonly handle: number
  readonly metadata: Readonly<Record<string, string>>
  /** Numbers in the model's weights. */
  readonly parameters: number
  /** Of the model's file. */
  readonly bytes: number
  readonly report: RuntimeReport
}

/** A picture as a canvas gives it. */
export interface RgbaPicture {
  readonly width: number
  readonly height: number
  /** [height × width × 4] */
  readonly rgba: Uint8ClampedArray
}

export interface Reading {
  /** Null where there is nothing to read. */
  readonly digit: number | null
  /** Why there is no digit. */
  readonly reason: string | undefined
  /** [10], adds up to 1; all 0 where nothing was found to read. */
  readonly probabilities: Float32Array
  /** What the network saw: [28 × 28], paper 0, ink 255. */
  readonly seen: Uint8Array | null
  /** Framing and network, without the way there and back. */
  readonly milliseconds: number
}

/** What one layer made of a digit. */
export interface FeatureStage {
  /** The layer's value in the graph: `conv1`. */
  readonly name: string
  readonly operator: string
  /** [channels, height, width], or [units] */
  readonly shape: readonly number[]
  /** At most the first `MAX_CHANNELS` channels, row-major. */
  readonly values: Float32Array
}

/** Of the binary of the `wasm` build, which the page downloads while the worker starts. */
export type BinaryNews =
  | { readonly type: 'coming' }
  | { readonly type: 'progress'; readonly loaded: number; readonly total: number }
  | { readonly type: 'here'; readonly bytes: Uint8Array; readonly kept: boolean }
  | ({ readonly type: 'failed' } & ProblemReport)

export interface Methods {
  binary: { params: BinaryNews; result: null }
  open: { params: OpenParams; result: OpenedModel | WantsThreads }
  close: { params: { handle: number }; result: null }
  classify: { params: { handle: number; picture: RgbaPicture; lightOnDark: boolean | undefined }; result: Reading }
  /** Digits that are framed already, [n × 784]; result [n × 10]. */
  logits: { params: { handle: number; images: Uint8Array }; result: Float32Array }
  featureMaps: { params: { handle: number; digit: Uint8Array }; result: readonly FeatureStage[] }
  train: { params: TrainParams; result: readonly EpochReport[] }
  pause: { params: { paused: boolean }; result: null }
  /** The training does nothing for so long: the visitor is at work. */
  rest: { params: { milliseconds: number }; result: null }
  stop: { params: null; result: null }
  /** The model as it is now, in the middle of a training too. */
  trained: { params: null; result: Uint8Array }
  teach: { params: TeachParams; result: TaughtModel }
}

export type MethodName = keyof Methods

export interface Request<M extends MethodName = MethodName> {
  readonly id: number
  readonly method: M
  readonly params: Methods[M]['params']
}

/** How far a download is, or a training. */
export type Progress =
  | { readonly type: 'download'; readonly what: 'runtime' | 'model'; readonly loaded: number; readonly total: number }
  | TrainProgress

export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ProblemReport }
  | { readonly id: number; readonly progress: Progress }
