/**
 * Operators of the domain com.microsoft that onnxruntime's CPU provider has in every ordinary build (ONNX Runtime 1.30,
 * docs/ContribOperators.md), one function each, with the rules that infer their outputs.
 */
import { intAttribute, intsAttribute } from '../graph/attributes.js'
import { float, type GraphBuilder, int, ints, string, type Value } from '../graph/builder.js'
import { broadcast } from '../graph/dimension.js'
import { required } from '../graph/inference/expect.js'
import { type InferenceRule, type InferenceRules, inferOutputs } from '../graph/shape-inference.js'
import type { Dimension } from '../onnx/model.js'

export const MICROSOFT_DOMAIN = 'com.microsoft'
export const MICROSOFT_OPSET = 1

export interface FusedMatMulOptions {
  readonly transA?: 0 | 1
  readonly transB?: 0 | 1
  readonly alpha?: number
}

/** alpha A' B' over the last two axes, A' and B' being a and b or their transposes. */
export function fusedMatMul(
  g: GraphBuilder,
  [a, b]: readonly [Value, Value],
  { transA = 0, transB = 0, alpha = 1 }: FusedMatMulOptions = {},
): Value {
  if (transA === 0 && transB === 0 && alpha === 1) return g.op('MatMul', [a, b])
  const attributes = { transA: int(transA), transB: int(transB), alpha: float(alpha) }
  return g.op('FusedMatMul', [a, b], { domain: MICROSOFT_DOMAIN, attributes })
}

export interface FusedConvInputs {
  /** [N, C, …] */
  readonly x: Value
  /** [M, C/group, …] */
  readonly w: Value
  /** [M] */
  readonly b?: Value | undefined
  /** Added to the result before the activation; of the result's shape. */
  readonly z?: Value | undefined
}

export interface FusedConvOptions {
  readonly kernelShape: readonly number[]
  readonly pads?: readonly number[]
  readonly strides?: readonly number[]
  readonly group?: number
  readonly activation?: 'Relu'
}

/** activation(x ⋆ w + b + z) in one pass over memory. */
export function fusedConv(g: GraphBuilder, { x, w, b, z }: FusedConvInputs, options: FusedConvOptions): Value {
  const { kernelShape, pads, strides, group = 1, activation } = options
  const rank = kernelShape.length
  const attributes = {
    kernel_shape: ints(kernelShape),
    pads: ints(pads ?? Array(2 * rank).fill(0)),
    strides: ints(strides ?? Array(rank).fill(1)),
    dilations: ints(Array(rank).fill(1)),
    group: int(group),
    activation: activation === undefined ? undefined : string(activation),
  }
  return g.op('FusedConv', [x, w, b, z], { domain: MICROSOFT_DOMAIN, attributes })
}

const matMul: InferenceRule = (node, inputs) => {
  const a = required(node, inputs, 0)
  const b = required(node, inputs, 1)
  const [m, k] = lastTwo(a.shape, intAttribute(node, 'transA', 0))
  const [k2, n] = lastTwo(b.shape, intAttribute(node, 'transB', 0))
  if (k !== k2) {
    throw new Error(`FusedMatMul ${node.name}: [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not fit together`)
  }
  return [{ dataType: a.dataType, shape: [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n] }]
}

function lastTwo(shape: readonly Dimension[], transposed: number): [Dimension, Dimension] {
  const [rows, columns] = shape.slice(-2) as [Dimension, Dimension]
  return transposed === 1 ? [columns, rows] : [rows, columns]
}

/** As Conv: the addend and the activation change no shape. */
const conv: InferenceRule = (node, inputs) => {
  if (intsAttribute(node, 'kernel_shape') === undefined)
    throw new Error(`internal: FusedConv ${node.name}: no kernel_shape`)
  return inferOutputs({ ...node, domain: '', opType: 'Conv' }, inputs.slice(0, 3))
}

export const FUSED_RULES: InferenceRules = {
  [`${MICROSOFT_DOMAIN}.FusedMatMul`]: matMul,
  [`${MICROSOFT_DOMAIN}.FusedConv`]: conv,
}
