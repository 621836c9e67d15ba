/** Models run by onnxruntime-node's CPU provider, one thread: what the tests compare with. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { encodeModel } from '../../../src/onnx/encode.js'
import { DataType, type Model } from '../../../src/onnx/model.js'

export interface Feed {
  readonly dims: readonly number[]
  readonly values: Float32Array | BigInt64Array | Int32Array
}

export type Feeds = Readonly<Record<string, Feed>>

/** Elements as numbers, INT64 too. */
export type Results = Readonly<Record<string, readonly number[]>>

export async function openSession(model: Model): Promise<(feeds: Feeds) => Promise<Results>> {
  const session = await InferenceSession.create(encodeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  return async (feeds) => {
    const outputs = await session.run(ortTensors(feeds))
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [
        name,
        Array.from(data as Float32Array | BigInt64Array, Number),
      ]),
    )
  }
}

function ortTensor({ dims, values }: Feed): Tensor {
  const type = values instanceof Float32Array ? 'float32' : values instanceof Int32Array ? 'int32' : 'int64'
  return new Tensor(type, values as Float32Array, dims)
}

export async function run(model: Model, feeds: Feeds): Promise<Results> {
  return (await openSession(model))(feeds)
}

/** The FLOAT and INT64 results of one run in onnxruntime's own memory: for large ones. */
export async function runOnce(
  model: Model,
  feeds: Feeds,
): Promise<Readonly<Record<string, Float32Array | BigInt64Array>>> {
  const session = await InferenceSession.create(encodeModel(model), { logSeverityLevel: 3, enableMemPattern: false })
  const outputs = await session.run(ortTensors(feeds))
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]))
}

function ortTensors(feeds: Feeds): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, ortTensor(feed)]))
}

/** The model's own FLOAT initializers that are inputs of `step`: a step's state at its start. */
export function initialState(model: Model, step: Model): Feeds {
  const inputs = new Set(step.graph.inputs.map(({ name }) => name))
  return Object.fromEntries(
    model.graph.initializers
      .filter(({ name, dataType }) => inputs.has(name) && dataType === DataType.FLOAT)
      .map(({ name, dims, data }) => [name, { dims, values: new Float32Array(data.slice().buffer) }]),
  )
}

export const floats = (dims: readonly number[], values: ArrayLike<number>): Feed => ({
  dims,
  values: Float32Array.from(values),
})

export const integers = (dims: readonly number[], values: ArrayLike<number>): Feed => ({
  dims,
  values: BigInt64Array.from(Array.from(values, (value) => BigInt(value))),
})
