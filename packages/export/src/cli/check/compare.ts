/** The same input through tfjs and through ONNX Runtime, and how far their outputs are apart. */
import { channelsFirstOrder, channelsLastOrder } from '../../convert/feature.js'
import { transposed } from '../../convert/transpose.js'
import { encodeModel } from '../../onnx/encode.js'
import { DataType, type Model } from '../../onnx/model.js'
import type { Input } from './random-inputs.js'
import type { OrtTensor, Runtimes, TfLayersModel } from './runtimes.js'

/** An output's elements in tfjs's layout. */
export interface Output {
  readonly shape: readonly number[]
  readonly values: ArrayLike<number>
}

export async function runTfjs(model: TfLayersModel, inputs: readonly Input[], { core }: Runtimes): Promise<Output[]> {
  const tensors = inputs.map(({ values, shape, dtype }) => core.tensor(values, shape, dtype))
  const made = model.predict(tensors)
  const outputs = Array.isArray(made) ? made : [made]
  const read = await Promise.all(outputs.map(async (output) => ({ shape: output.shape, values: await output.data() })))
  for (const tensor of [...tensors, ...outputs]) tensor.dispose()
  return read
}

/** The outputs of `model` by position. A picture goes in channels first where the graph's input has another shape than tfjs's. */
export async function runOnnx(
  { model, bytes = encodeModel(model) }: { readonly model: Model; readonly bytes?: Uint8Array },
  inputs: readonly Input[],
  { ort }: Runtimes,
): Promise<Output[]> {
  // 3: errors alone are logged.
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 })
  try {
    const feeds = model.graph.inputs.map(({ name, dataType, shape }, index): [string, OrtTensor] => {
      const input = inputs[index]
      if (input === undefined) throw new Error(`internal: --check: no values for the input ${name}`)
      const plain = shape.every((dim, axis) => typeof dim === 'string' || dim === input.shape[axis])
      const order = plain ? input.shape.map((_, axis) => axis) : channelsFirstOrder(input.shape.length) // NHWC -> NCHW
      const dims = order.map((axis) => input.shape[axis] ?? 0)
      const values = transposed(Float32Array.from(input.values), input.shape, order)
      return [name, new ort.Tensor(...elementsOf(dataType, values), dims)]
    })
    const outputs = await session.run(Object.fromEntries(feeds))
    return model.graph.outputs.map(({ name }) => {
      const { data, dims } = outputs[name] as OrtTensor
      return { shape: dims, values: Float64Array.from(data as ArrayLike<number>, Number) }
    })
  } finally {
    await session.release()
  }
}

/** Typed as the graph has it: tfjs calls some inputs float32 that are indices. */
function elementsOf(dataType: DataType, values: Float32Array): [type: string, Float32Array | Int32Array | Uint8Array] {
  if (dataType === DataType.INT32) return ['int32', Int32Array.from(values)]
  return dataType === DataType.BOOL ? ['bool', Uint8Array.from(values)] : ['float32', values]
}

/**
 * max |found - expected| / max |expected|; the numerator alone where all of `expected` is 0. Infinite where the shapes differ, or one
 * has NaN or an infinity where the other has not.
 */
export function relativeError(expected: Output, found: Output): number {
  const rank = expected.shape.length
  const plain = sameShape(expected.shape, found.shape)
  const last = plain ? found.shape : channelsLastOrder(Math.max(2, rank)).map((axis) => found.shape[axis] ?? -1)
  if (!sameShape(expected.shape, last)) return Number.POSITIVE_INFINITY
  const values = plain
    ? found.values
    : transposed(Float32Array.from(found.values), found.shape, channelsLastOrder(rank)) // NCHW -> NHWC
  let difference = 0
  let scale = 0
  for (let index = 0; index < expected.values.length; index++) {
    const [a, b] = [expected.values[index] as number, values[index] as number]
    if (Object.is(a, b)) continue
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY
    difference = Math.max(difference, Math.abs(a - b))
  }
  for (let index = 0; index < expected.values.length; index++) {
    const size = Math.abs(expected.values[index] as number)
    if (size < Number.POSITIVE_INFINITY) scale = Math.max(scale, size)
  }
  return difference / (scale === 0 ? 1 : scale)
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis])
}
