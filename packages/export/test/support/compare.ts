/** The converter's output against tfjs's own, in ONNX Runtime: as converted, and after the passes. */
import { createRequire } from 'node:module'
import type * as Ort from 'onnxruntime-node'
import type { LayersModelArtifacts } from '../../src/convert/artifacts.js'
import { type ConvertOptions, convertLayersModel } from '../../src/convert/convert.js'
import { encodeModel } from '../../src/onnx/encode.js'
import { DataType, type Graph, type Model as OnnxModel, type ValueInfo } from '../../src/onnx/model.js'
import { optimizeModel } from '../../src/passes/optimize.js'
import { collect } from './collect.js'
import { normal, type Random, randomOf } from './random.js'
import { artifactsOf, type Model, type Tensor, tf } from './tfjs.js'

const require = createRequire(import.meta.url)
const ort = require('onnxruntime-node') as typeof Ort
// Warnings of constants that it folds away are no concern of ours.
ort.env.logLevel = 'error'

export interface CompareOptions extends ConvertOptions {
  readonly seed?: number
  /** Examples in the batch, where it is dynamic. */
  readonly batch?: number
  /** Sizes that stand for the other dynamic dimensions, in the order in which they come. */
  readonly sizes?: readonly number[]
  /** Largest error over largest number of the reference. */
  readonly tolerance?: number
  /** The least that the error is measured by, where all of the reference is smaller. Default 0. */
  readonly least?: number
  /** Draws an input's numbers; by default normal ones, integers from 0 to 4 for an int32 input. */
  readonly draw?: (random: Random) => number
  /** Shapes of the inputs, the batch included, where the model's own are not to be had. */
  readonly shapes?: readonly (readonly number[])[]
  /** What the model should give, where tfjs's predict has a fault of its own. */
  readonly reference?: (inputs: readonly Tensor[], model: Model) => Tensor
  /** Changes the saved model, as other programs would have written it. */
  readonly edit?: (artifacts: LayersModelArtifacts) => LayersModelArtifacts
}

export interface Comparison {
  readonly converted: OnnxModel
  readonly optimized: OnnxModel
}

/** Throws where an output of the graph differs from tfjs's by more than the tolerance, before or after the passes. */
export async function expectSame(model: Model, options: CompareOptions = {}): Promise<Comparison> {
  const { seed = 1, batch = 2, sizes = [], tolerance = 1e-5, least = 0, ...others } = options
  const { draw, shapes, reference, edit, ...convert } = others
  const saved = await artifactsOf(model)
  const artifacts = edit === undefined ? saved : edit(saved)
  const { model: converted, warnings } = convertLayersModel(artifacts, convert)
  if (warnings.length > 0) throw new Error(`expected no warnings, found ${warnings.join('; ')}`)
  const { model: optimized } = optimizeModel(converted)

  const random = randomOf(seed)
  const pending = [...sizes]
  const tensors = model.inputs.map((input, index) => {
    const shape =
      shapes?.[index]?.slice() ?? input.shape.map((dim, axis) => dim ?? (axis === 0 ? batch : (pending.shift() ?? 5)))
    return randomTensor(shape, input.dtype, draw === undefined ? undefined : () => draw(random), random)
  })
  const predicted = reference === undefined ? (model.predict(tensors) as Tensor | Tensor[]) : reference(tensors, model)
  const expected = Array.isArray(predicted) ? predicted : [predicted]
  for (const [stage, onnx] of Object.entries({ converted, optimized })) {
    const bytes = encodeModel(onnx)
    collect(`${model.name}-${stage}`, bytes)
    const nchw = (options.nchw ?? false) && !usesChannelsFirst(artifacts.modelTopology)
    const found = await run(bytes, onnx.graph, tensors, nchw)
    for (const [index, output] of onnx.graph.outputs.slice(0, expected.length).entries()) {
      const wanted = expected[index] as Tensor
      const value = found[output.name] as Ort.Tensor
      const arranged = nchw && wanted.rank >= 4 ? toChannelsFirst(wanted) : wanted
      const path = `${model.name}.${output.name} (${stage})`
      expectClose(path, { data: value.data as Float32Array, dims: value.dims }, arranged, { tolerance, least })
    }
  }
  tf.dispose([...tensors, ...expected])
  return { converted, optimized }
}

function usesChannelsFirst(topology: object | undefined): boolean {
  return JSON.stringify(topology).includes('"channels_first"')
}

function toChannelsFirst(tensor: Tensor): Tensor {
  const spatial = Array.from({ length: tensor.rank - 2 }, (_, axis) => axis + 1)
  return tf.transpose(tensor, [0, tensor.rank - 1, ...spatial])
}

function randomTensor(shape: number[], dtype: string, draw: (() => number) | undefined, random: Random): Tensor {
  const size = shape.reduce((count, dim) => count * dim, 1)
  const integers = () => Math.floor(random() * 5)
  const one =
    draw ?? (dtype === 'int32' ? integers : dtype === 'bool' ? () => Math.round(random()) : () => normal(random))
  return tf.tensor(Array.from({ length: size }, one), shape, dtype as 'float32')
}

/** Runs the model on tfjs's tensors, transposed where the graph has them channels first. */
async function run(bytes: Uint8Array, graph: Graph, tensors: readonly Tensor[], nchw: boolean) {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const feeds: Record<string, Ort.Tensor> = {}
  for (const [index, info] of graph.inputs.entries()) {
    const tensor = tensors[index] as Tensor
    feeds[info.name] = ortTensor(nchw && tensor.rank >= 4 ? toChannelsFirst(tensor) : tensor, info)
  }
  const results = await session.run(feeds)
  await session.release()
  return results
}

function ortTensor(tensor: Tensor, { dataType }: ValueInfo): Ort.Tensor {
  const data = tensor.dataSync()
  if (dataType === DataType.INT32) return new ort.Tensor('int32', Int32Array.from(data), tensor.shape)
  if (dataType === DataType.BOOL) return new ort.Tensor('bool', Uint8Array.from(data), tensor.shape)
  return new ort.Tensor('float32', Float32Array.from(data), tensor.shape)
}

/** Throws an Error with the path, the largest error and both values where they differ. */
export function expectClose(
  path: string,
  found: { readonly data: ArrayLike<number>; readonly dims: readonly number[] },
  expected: Tensor,
  { tolerance, least }: { readonly tolerance: number; readonly least: number },
): void {
  if (found.dims.join() !== expected.shape.join()) {
    throw new Error(`${path}: expected shape [${expected.shape.join(', ')}], found [${found.dims.join(', ')}]`)
  }
  const reference = expected.dataSync()
  let scale = least
  let worst = 0
  let error = 0
  for (const [index, value] of reference.entries()) {
    scale = Math.max(scale, Math.abs(value))
    const difference = Math.abs((found.data[index] as number) - value)
    // A NaN is the largest error there is.
    if (difference > error || Number.isNaN(difference)) {
      worst = index
      error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference
    }
  }
  const relative = scale === 0 ? error : error / scale
  if (relative > tolerance || Number.isNaN(relative)) {
    const values = `expected ${reference[worst]}, found ${found.data[worst]} at element ${worst} of [${expected.shape.join(', ')}]`
    throw new Error(
      `${path}: largest error ${relative.toExponential(2)} of the largest number, over ${tolerance}: ${values}`,
    )
  }
}

/** How many nodes of that operator the graph has. */
export function countOf({ graph }: OnnxModel, opType: string): number {
  return graph.nodes.filter((node) => node.opType === opType).length
}
