/** Gradients of the matrix products. */
import { floatAttribute, intAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { type GemmOptions, gemm as gemmOp, matMul as matMulOp, reduceSum, transpose } from '../../graph/ops/index.js'
import { type GradientRule, operand } from '../rule.js'
import { unbroadcast } from './broadcast.js'

/**
 * y = alpha A' B' + beta c, where A' is a or its transpose. dA' = alpha dy B'ᵀ and dB' = alpha A'ᵀ dy; where a was
 * transposed, da = dA'ᵀ = alpha B' dyᵀ.
 */
const gemm: GradientRule = (call) => {
  const { g, node, dy, needs } = call
  const a = operand(call, 0)
  const b = operand(call, 1)
  const transA = flag(intAttribute(node, 'transA', 0))
  const transB = flag(intAttribute(node, 'transB', 0))
  const alpha = floatAttribute(node, 'alpha', 1)
  const product = (left: Value, right: Value, options: GemmOptions): Value =>
    gemmOp(g, [left, right], { ...options, alpha })
  const c = call.inputs[2]
  return [
    !needs(0)
      ? undefined
      : transA === 0
        ? product(dy, b, { transB: flip(transB) })
        : product(b, dy, { transA: transB, transB: 1 }),
    !needs(1)
      ? undefined
      : transB === 0
        ? product(a, dy, { transA: flip(transA) })
        : product(dy, a, { transA: 1, transB: transA }),
    needs(2) && c !== undefined ? biasGradient(g, { dy, c, beta: floatAttribute(node, 'beta', 1) }) : undefined,
  ]
}

function biasGradient(g: GraphBuilder, { dy, c, beta }: { dy: Value; c: Value; beta: number }): Value {
  if (beta !== 1) throw new Error(`Gemm: beta ${beta} has no gradient rule: scale the bias instead`)
  // A vector as bias is one for all rows: sum them without keeping the axis.
  return c.shape.length === 1 && c.shape[0] === dy.shape[1]
    ? reduceSum(g, dy, { axes: [0], keepdims: 0 })
    : unbroadcast(g, dy, c)
}

/** y = a b, both of rank 2 and more: da = dy bᵀ, db = aᵀ dy, summed where batches were broadcast. */
const matMul: GradientRule = (call) => {
  const { g, node, dy, needs } = call
  const a = operand(call, 0)
  const b = operand(call, 1)
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new Error(`MatMul ${node.name}: the gradient of a vector's product has no rule: reshape it to a matrix`)
  }
  return [
    needs(0) ? unbroadcast(g, matMulOp(g, dy, transposed(g, b)), a) : undefined,
    needs(1) ? unbroadcast(g, matMulOp(g, transposed(g, a), dy), b) : undefined,
  ]
}

/** The last two axes exchanged. */
function transposed(g: GraphBuilder, x: Value): Value {
  const rank = x.shape.length
  const perm = x.shape.map((_, axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis))
  return transpose(g, x, { perm })
}

const flag = (value: number): 0 | 1 => (value === 0 ? 0 : 1)
const flip = (value: 0 | 1): 0 | 1 => (value === 0 ? 1 : 0)

export const LINEAR_GRADIENTS: Readonly<Record<string, GradientRule>> = { Gemm: gemm, MatMul: matMul }
