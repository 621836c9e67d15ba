/** What goes between the event loop's thread and a worker. Buffers are transferred, never copied by the message. */
import type { ErrorCode } from 'mnist-export'
import type { Invert } from '../../image/frame.js'
import type { Polarity } from '../../image/ink.js'
import type { Box } from '../../image/picture.js'
import type { DigitModel } from '../../model/contract.js'
import type { SessionOptions } from '../../runtime/index.js'

/** What a worker is started with. */
export interface WorkerSettings extends Pick<SessionOptions, 'provider' | 'threads'> {
  /** Pictures of more pixels are refused by their header. */
  readonly maxPixels: number
  /** The most rows in one run of a model. */
  readonly maxBatch: number
}

/** A model as it is served: one content of one file. */
export interface Opening {
  readonly generation: number
  /** For messages: `lenet5 version 1`. */
  readonly title: string
  /** The .onnx file. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly model: DigitModel
}

export interface PictureRequest {
  /** An encoded picture. */
  readonly bytes: Uint8Array
  readonly invert: Invert
  readonly explain: boolean
}

export type Task =
  | ({ readonly kind: 'open' } & Opening)
  | { readonly kind: 'close'; readonly generation: number }
  /** `values` [count, 1, 28, 28], as the model's input wants them. */
  | { readonly kind: 'infer'; readonly generation: number; readonly values: Float32Array }
  | { readonly kind: 'classify'; readonly generation: number; readonly pictures: readonly PictureRequest[] }

/** `exit` has no reply: the thread's end is one. */
export type TaskMessage = (Task | { readonly kind: 'exit' }) & { readonly id: number }

/** One output of a run: `data` [rows, ...dims]. */
export interface OutputRows {
  readonly name: string
  /** Without the batch. */
  readonly dims: readonly number[]
  readonly data: Float32Array
}

/** A picture between two steps of the framing, as a PNG file in base64. */
export interface StepPicture {
  readonly name: string
  readonly png: string
}

export type PictureAnswer =
  | {
      readonly digit: number
      readonly probability: number
      /** Of the digits 0 to 9, in this order. */
      readonly probabilities: readonly number[]
      readonly polarity: Polarity
      readonly box: Box
      readonly steps?: readonly StepPicture[]
    }
  | { readonly digit: null; readonly reason: string; readonly steps?: readonly StepPicture[] }

/** An error that can cross threads. */
export interface PlainError {
  readonly code: ErrorCode | 'INTERNAL'
  readonly message: string
  readonly stack?: string
}

export interface TaskResults {
  readonly open: null
  readonly close: null
  readonly infer: readonly OutputRows[]
  readonly classify: readonly (PictureAnswer | { readonly error: PlainError })[]
}

export type Reply = {
  readonly id: number /** Bytes that the worker's heap and its buffers take. */
  readonly heap: number
} & ({ readonly result: TaskResults[keyof TaskResults] } | { readonly error: PlainError })
