/**
 * Which ONNX initializer holds which tfjs weight, and in what order of elements. A binding is data: it can be stored, and
 * applied in both directions, so that weights trained in an ONNX graph go back into the LayersModel they came from.
 */
import { elementCount } from '../onnx/tensor.js'
import { inversePermutation, isPermutation, transposed, transposeInto } from './transpose.js'

/** The ONNX array is the tfjs array reshaped to `reshape`, transposed by `transpose`, its blocks ordered, reshaped to `shape`. */
export interface WeightLayout {
  readonly reshape: readonly number[]
  readonly transpose: readonly number[]
  readonly shape: readonly number[]
  /**
   * The transposed array is cut into as many equal blocks, one after the other; block i of the result is block `blocks[i]` of
   * it. Gates of recurrent layers: Keras's LSTM has them as i, f, c, o, ONNX's as i, o, f, c.
   */
  readonly blocks?: readonly number[]
}

export interface WeightBinding {
  /** Name of the initializer in the graph: `conv1.weight`. */
  readonly initializer: string
  /** Name of the tfjs layer. */
  readonly layer: string
  /** tfjs's name of the weight, as in weightSpecs: `conv1/kernel`. */
  readonly weight: string
  readonly layout: WeightLayout
}

/** The tfjs array as it is. */
export function sameLayout(shape: readonly number[]): WeightLayout {
  return { reshape: shape, transpose: shape.map((_, axis) => axis), shape }
}

/** The tfjs array of `shape` with its axes in `order`. */
export function transposedLayout(shape: readonly number[], order: readonly number[]): WeightLayout {
  return { reshape: shape, transpose: order, shape: order.map((axis) => shape[axis] ?? 0) }
}

/** The elements of a tfjs weight in the order of its initializer. */
export function toOnnx({ layout }: WeightBinding, values: Float32Array): Float32Array {
  return reordered(transposed(values, layout.reshape, layout.transpose), layout.blocks)
}

/** The same into `target`, of the same length. */
export function writeOnnx({ layout }: WeightBinding, values: Float32Array, target: Float32Array): void {
  const { reshape: dims, transpose: order, blocks } = layout
  if (blocks === undefined) transposeInto(target, values, { dims, order })
  else target.set(reordered(transposed(values, dims, order), blocks))
}

/** The elements of an initializer in the order of its tfjs weight: the inverse of `toOnnx`. */
export function fromOnnx({ layout }: WeightBinding, values: Float32Array): Float32Array {
  const dims = layout.transpose.map((axis) => layout.reshape[axis] ?? 0)
  const blocks = layout.blocks === undefined ? undefined : inversePermutation(layout.blocks)
  return transposed(reordered(values, blocks), dims, inversePermutation(layout.transpose))
}

function reordered(values: Float32Array, blocks: readonly number[] | undefined): Float32Array {
  if (blocks === undefined) return values
  const length = values.length / blocks.length
  const result = new Float32Array(values.length)
  for (const [to, from] of blocks.entries())
    result.set(values.subarray(from * length, (from + 1) * length), to * length)
  return result
}

/** Throws unless the three steps of `layout` fit each other. */
export function checkLayout({ reshape, transpose, shape, blocks = [] }: WeightLayout): void {
  if (blocks.length > 0 && (!isPermutation(blocks) || elementCount(shape) % blocks.length !== 0)) {
    throw new Error(`internal: weight layout: [${shape}] has no ${blocks.length} blocks [${blocks}]`)
  }
  if (reshape.length !== transpose.length || elementCount(reshape) !== elementCount(shape)) {
    throw new Error(`internal: weight layout: [${reshape}] by [${transpose}] does not make [${shape}]`)
  }
}
