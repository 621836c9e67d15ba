/**
 * Floating-point operations of a node by operator: a multiplication and an addition count as two, comparisons and functions of one
 * element as one, moving data as none.
 */
import { ruleKey, type TypedShape } from '../graph/shape-inference.js'
import type { Node } from '../onnx/model.js'

type Types = readonly (TypedShape | undefined)[]

/** undefined where a shape that matters is not known. */
type FlopRule = (inputs: Types, outputs: Types, node: Node) => number | undefined

/** Elements of a shape; undefined where a dimension is known only at run time. */
function elements(type: TypedShape | undefined): number | undefined {
  if (type === undefined) return undefined
  return type.shape.reduce<number | undefined>(
    (count, dim) => (count === undefined || typeof dim !== 'number' ? undefined : count * dim),
    1,
  )
}

function times(...factors: readonly (number | undefined)[]): number | undefined {
  return factors.reduce((product, factor) =>
    product === undefined || factor === undefined ? undefined : product * factor,
  )
}

/** `each` operations for each element of the first output. */
const perOutput =
  (each: number): FlopRule =>
  (_, [y]) =>
    times(each, elements(y))

const free: FlopRule = () => 0

const perInput: FlopRule = ([x]) => elements(x)

/** w [M, C/group, …k]: each output element is a sum of C/group × k products; b adds one. */
const conv: FlopRule = ([x, w, b], [y]) =>
  x === undefined ? undefined : times(elements(y), plus(times(2, elements(w), 1 / lengthOf(w, 0)), b && 1))

/** w [C, M/group, …k]: each input element takes part in M/group × k products. */
const convTranspose: FlopRule = ([x, w]) => times(elements(x), 2, times(elements(w), 1 / lengthOf(w, 0)))

/** Sums of as many products as the last axis of A (or the first of Gemm's transposed A) is long. */
const matMul: FlopRule = ([a], [y]) => times(2, elements(y), times(lengthOf(a, -1)))

const gemm: FlopRule = ([a, , c], [y], node) => {
  const transposed = node.attributes.transA?.type === 'INT' && node.attributes.transA.value === 1
  return times(elements(y), plus(times(2, lengthOf(a, transposed ? 0 : -1)), c && 1))
}

/** One operation for each element of the window. */
const pool: FlopRule = (_, [y], { attributes: { kernel_shape: kernel } }) =>
  kernel?.type === 'INTS' ? times(elements(y), ...kernel.value) : undefined

/** x [T, N, I], w [D, G·H, I], r [D, G·H, H]: the gates' products at each of the T steps. */
const recurrent: FlopRule = ([x, w, r]) => times(2, lengthOf(x, 0), lengthOf(x, 1), plus(elements(w), elements(r)))

function plus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? undefined : a + (b ?? 0)
}

/** NaN where the length is not known: it then makes the whole count unknown. */
function lengthOf(type: TypedShape | undefined, axis: number): number {
  const length = type?.shape.at(axis)
  return typeof length === 'number' ? length : Number.NaN
}

const same = (names: string, rule: FlopRule): Record<string, FlopRule> =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]))

const RULES: Readonly<Record<string, FlopRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MatMul: matMul,
  Gemm: gemm,
  'com.microsoft.MatMulNBits': matMul,
  ...same('AveragePool MaxPool LpPool', pool),
  ...same('LSTM GRU RNN', recurrent),
  ...same('GlobalAveragePool GlobalMaxPool', perInput),
  ...same('ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceSumSquare ReduceL2 ArgMax ArgMin', perInput),
  ...same('Add Sub Mul Div Pow Min Max Neg Abs Sqrt Reciprocal Exp Log Erf Sign Floor Ceil Round', perOutput(1)),
  ...same('Relu LeakyRelu PRelu Clip ThresholdedRelu HardSigmoid HardSwish Equal Less Greater', perOutput(1)),
  ...same('Sigmoid Tanh Softplus Softsign Elu Selu Gelu', perOutput(4)),
  ...same('Softmax LogSoftmax', perOutput(5)),
  BatchNormalization: perOutput(2),
  LayerNormalization: perOutput(8),
  Resize: perOutput(7),
  ...same('Identity Dropout Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice Gather Pad Cast', free),
  ...same('Shape Size Constant ConstantOfShape Expand Tile Where Not DepthToSpace SpaceToDepth Range', free),
  ...same('GatherElements ScatterElements ScatterND OneHot QuantizeLinear DequantizeLinear', free),
}

/** undefined for an operator that is not counted, or whose shapes are not known. */
export function flopsOf(node: Node, inputs: Types, outputs: Types): number | undefined {
  const key = ruleKey(node)
  const count = Object.hasOwn(RULES, key) ? RULES[key]?.(inputs, outputs, node) : undefined
  return count === undefined || Number.isNaN(count) ? undefined : count
}
