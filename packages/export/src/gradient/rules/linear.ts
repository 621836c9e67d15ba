/** Gradients of the matrix products. */
import { UserError } from '../../errors.js'
import { floatAttribute, intAttribute, stringAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import {
  einsum as einsumOp,
  type GemmOptions,
  gemm as gemmOp,
  matMul as matMulOp,
  mul,
  reduceSum,
  transpose,
  unsqueeze,
} from '../../graph/ops/index.js'
import { type GradientRule, operand } from '../rule.js'
import { unbroadcast } from './broadcast.js'
import { reshapedLike } from './shape.js'

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
  // A vector as bias is one for all rows: sum them without keeping the axis.
  const summed =
    c.shape.length === 1 && c.shape[0] === dy.shape[1]
      ? reduceSum(g, dy, { axes: [0], keepdims: 0 })
      : unbroadcast(g, dy, c)
  return beta === 1 ? summed : mul(g, summed, g.scalar(beta, 'beta'))
}

/** y = a b: da = dy bᵀ, db = aᵀ dy, summed where batches were broadcast. A vector counts as a row (a) or column (b). */
const matMul: GradientRule = (call) => {
  const { g, dy, needs } = call
  const [a, b] = [operand(call, 0), operand(call, 1)]
  const row = a.shape.length === 1 ? unsqueeze(g, a, [0]) : a
  const column = b.shape.length === 1 ? unsqueeze(g, b, [1]) : b
  const wide = a.shape.length === 1 ? unsqueeze(g, dy, [b.shape.length === 1 ? 0 : -2]) : dy
  const matrix = b.shape.length === 1 ? unsqueeze(g, wide, [-1]) : wide
  const da = (): Value => unbroadcast(g, matMulOp(g, matrix, transposed(g, column)), row)
  const db = (): Value => unbroadcast(g, matMulOp(g, transposed(g, row), matrix), column)
  const shaped = (gradient: Value, like: Value): Value =>
    gradient.shape.length === like.shape.length ? gradient : reshapedLike(g, gradient, like)
  return [needs(0) ? shaped(da(), a) : undefined, needs(1) ? shaped(db(), b) : undefined]
}

/**
 * Each operand's gradient is the einsum of dy and the other operands with that operand's labels as the result. A label that is in
 * one operand alone, where it is summed, or twice in one, has no such equation and is refused.
 */
const einsum: GradientRule = (call) => {
  const { g, node, inputs, dy, needs } = call
  const [left = '', result] = stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->')
  const labels = left.split(',')
  const once = [...new Set(left.replaceAll(',', ''))].filter((label) => left.split(label).length === 2).sort()
  const out = result ?? once.join('')
  return inputs.map((_, index) => {
    if (!needs(index)) return undefined
    const own = labels[index] as string
    const others = labels.filter((_, other) => other !== index)
    const known = new Set([out, ...others].join(''))
    if (new Set(own).size !== own.length || [...own].some((label) => !known.has(label))) {
      const found = `${left}->${out}`
      throw new UserError('UNSUPPORTED', `node ${node.name}: expected an Einsum with a gradient rule, found ${found}`)
    }
    const operands = inputs.filter((input, other): input is Value => other !== index && input !== undefined)
    return einsumOp(g, `${[out, ...others].join(',')}->${own}`, dy, ...operands)
  })
}

/** The last two axes exchanged. */
function transposed(g: GraphBuilder, x: Value): Value {
  const rank = x.shape.length
  const perm = x.shape.map((_, axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis))
  return transpose(g, x, { perm })
}

const flag = (value: number): 0 | 1 => (value === 0 ? 0 : 1)
const flip = (value: 0 | 1): 0 | 1 => (value === 0 ? 1 : 0)

export const LINEAR_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  Einsum: einsum,
  Gemm: gemm,
  MatMul: matMul,
}
