/**
 * Which ONNX initializer holds which tfjs weight, and in what order of elements. A binding is data: it can be stored, and
 * applied in both directions, so that weights trained in an ONNX graph go back into the LayersModel they came from.
 */
import { elementCount } from '../onnx/tensor.js'
import { inversePermutation, transposed } from './transpose.js'

/** The ONNX array is the tfjs array reshaped to `reshape`, transposed by `transpose`, reshaped to `shape`. */
export interface WeightLayout {
  readonly reshape: readonly number[]
  readonly transpose: readonly number[]
  readonly shape: readonly number[]
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
  return transposed(values, layout.reshape, layout.transpose)
}

/** The elements of an initializer in the order of its tfjs weight: the inverse of `toOnnx`. */
export function fromOnnx({ layout }: WeightBinding, values: Float32Array): Float32Array {
  const dims = layout.transpose.map((axis) => layout.reshape[axis] ?? 0)
  return transposed(values, dims, inversePermutation(layout.transpose))
}

/** Throws unless the three steps of `layout` fit each other. */
export function checkLayout({ reshape, transpose, shape }: WeightLayout): void {
  if (reshape.length !== transpose.length || elementCount(reshape) !== elementCount(shape)) {
    throw new Error(`internal: weight layout: [${reshape}] by [${transpose}] does not make [${shape}]`)
  }
}
