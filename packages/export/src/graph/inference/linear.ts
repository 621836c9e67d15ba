/** Matrix products. */
import type { Dimension, Node } from '../../onnx/model.js'
import { intAttribute, stringAttribute } from '../attributes.js'
import { broadcast } from '../dimension.js'
import type { InferenceRule, InferenceRules } from '../shape-inference.js'
import { required } from './expect.js'

/** A [M, K], B [K, N], either transposed → [M, N]. */
const gemm: InferenceRule = (node, inputs) => {
  const a = required(node, inputs, 0)
  const b = required(node, inputs, 1)
  if (a.shape.length !== 2 || b.shape.length !== 2) throw mismatch(node, a.shape, b.shape)
  const [m, k] = intAttribute(node, 'transA', 0) === 1 ? [a.shape[1], a.shape[0]] : a.shape
  const [k2, n] = intAttribute(node, 'transB', 0) === 1 ? [b.shape[1], b.shape[0]] : b.shape
  if (typeof k === 'number' && typeof k2 === 'number' && k !== k2) throw mismatch(node, a.shape, b.shape)
  return [{ dataType: a.dataType, shape: [m as Dimension, n as Dimension] }]
}

/** numpy.matmul: batches broadcast, a vector on either side loses its axis. */
const matMul: InferenceRule = (node, inputs) => {
  const a = required(node, inputs, 0)
  const b = required(node, inputs, 1)
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape
  const k = left.at(-1)
  const k2 = right.at(-2)
  if (typeof k === 'number' && typeof k2 === 'number' && k !== k2) throw mismatch(node, a.shape, b.shape)
  const shape = [
    ...broadcast(left.slice(0, -2), right.slice(0, -2)),
    ...(a.shape.length === 1 ? [] : [left.at(-2) as Dimension]),
    ...(b.shape.length === 1 ? [] : [right.at(-1) as Dimension]),
  ]
  return [{ dataType: a.dataType, shape }]
}

/** Explicit or implicit output, no ellipsis. */
const einsum: InferenceRule = (node, inputs) => {
  const equation = stringAttribute(node, 'equation', '').replaceAll(' ', '')
  const [left = '', right] = equation.split('->')
  const lengths = new Map<string, Dimension>()
  for (const [index, labels] of left.split(',').entries()) {
    const { shape } = required(node, inputs, index)
    if (labels.length !== shape.length)
      throw new Error(`Einsum ${node.name}: ${labels} does not fit [${shape.join(', ')}]`)
    for (const [axis, label] of [...labels].entries()) lengths.set(label, shape[axis] as Dimension)
  }
  const once = [...lengths.keys()].filter((label) => left.split(label).length === 2).sort()
  const shape = [...(right ?? once)].map((label) => lengths.get(label) as Dimension)
  return [{ dataType: required(node, inputs, 0).dataType, shape }]
}

function mismatch(node: Node, a: readonly Dimension[], b: readonly Dimension[]): Error {
  return new Error(
    `${node.opType} ${node.name}: expected matrices that fit together, found [${a.join(', ')}] and [${b.join(', ')}]`,
  )
}

export const LINEAR_RULES: InferenceRules = { Gemm: gemm, MatMul: matMul, Einsum: einsum }
