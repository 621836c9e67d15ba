/** What a session is, whichever ONNX Runtime runs it: tensors in, tensors out, and a plain report of what computes. */

/** Element types that our graphs exchange with a caller, and the arrays that hold them. */
export interface TensorArrays {
  readonly float32: Float32Array
  readonly float64: Float64Array
  readonly int8: Int8Array
  readonly uint8: Uint8Array
  readonly int32: Int32Array
  readonly int64: BigInt64Array
  readonly bool: Uint8Array
}

export type TensorType = keyof TensorArrays

/** A dense array, row-major. */
export interface RuntimeTensor {
  readonly type: TensorType
  readonly dims: readonly number[]
  readonly data: TensorArrays[TensorType]
}

/** What computes: ONNX Runtime's execution providers, by the names that our commands use. */
export type ProviderName = 'cuda' | 'webgpu' | 'cpu' | 'wasm'

export interface ProviderReport {
  readonly name: ProviderName
  /** Why this one. */
  readonly reason: string
  /** Those that would have been preferred, and why each was not to be had. */
  readonly passedOver: readonly { readonly provider: ProviderName; readonly reason: string }[]
}

export interface SessionOptions {
  /** `auto` (default): the fastest that can be had here. Any other is taken, or the opening fails. */
  readonly provider?: 'auto' | ProviderName
  /** Threads within an operator; by default ONNX Runtime's choice, one a core. */
  readonly threads?: number
  /**
   * Plans all memory of a run as one block, from the shapes of the first. Faster for a small graph that runs many times with
   * the same shapes; a large one takes twice the memory for it. Default true, as in ONNX Runtime.
   */
  readonly memoryPattern?: boolean
}

/** How a run hands its outputs out. */
export interface RunOptions {
  /** Names of the wanted outputs; by default all. What only the others need is computed all the same. */
  readonly outputs?: readonly string[]
  /** Arrays to write outputs into, instead of new ones: by output name, of exactly the output's type and size. */
  readonly into?: Readonly<Record<string, RuntimeTensor>>
}

export interface Session {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly provider: ProviderReport
  /** @throws Error where the feeds do not fit the graph: ONNX Runtime's own message. */
  run(feeds: Readonly<Record<string, RuntimeTensor>>, options?: RunOptions): Promise<Record<string, RuntimeTensor>>
  close(): Promise<void>
}

export function float32(data: Float32Array, dims: readonly number[]): RuntimeTensor {
  return { type: 'float32', dims, data }
}

export function int64(data: BigInt64Array, dims: readonly number[]): RuntimeTensor {
  return { type: 'int64', dims, data }
}
