/** What a session of a runtime is to a measurement; that of `mnist-infer/runtime` is one. */

/** Opens the bytes of an .onnx file. */
export type OpenSession = (model: Uint8Array) => Promise<ModelSession>

export interface ModelSession {
  run(feeds: Feeds): Promise<Readonly<Record<string, SessionOutput>>>
  close(): Promise<void>
}

/** By the input's name. */
export type Feeds = Readonly<Record<string, Feed>>

export type Feed =
  | { readonly type: 'float32'; readonly dims: readonly number[]; readonly data: Float32Array }
  | { readonly type: 'int32'; readonly dims: readonly number[]; readonly data: Int32Array }

export interface SessionOutput {
  readonly dims: readonly number[]
  readonly data: ArrayLike<number | bigint>
}
