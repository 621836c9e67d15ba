/** Reductions: axes as an attribute, or (ReduceSum since opset 13) as an input. */
import { DataType, type Node, type Shape } from '../../onnx/model.js'
import { intAttribute, intsAttribute } from '../attributes.js'
import { normalAxis } from '../dimension.js'
import type { InferenceRule, InferenceRules } from '../shape-inference.js'
import { constantInts, required } from './expect.js'

const reduce: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const axes = intsAttribute(node, 'axes') ?? constantInts(node, inputs, 1) ?? []
  if (axes.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) === 1) return [{ dataType, shape }]
  return [{ dataType, shape: reducedShape(node, shape, axes.length === 0 ? shape.map((_, axis) => axis) : axes) }]
}

const argReduce: InferenceRule = (node, inputs) => {
  const { shape } = required(node, inputs, 0)
  return [{ dataType: DataType.INT64, shape: reducedShape(node, shape, [intAttribute(node, 'axis', 0)]) }]
}

const cumSum: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape }]
}

function reducedShape(node: Node, shape: Shape, axes: readonly number[]): Shape {
  const reduced = new Set(axes.map((axis) => normalAxis(axis, shape.length)))
  if (intAttribute(node, 'keepdims', 1) === 1) return shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim))
  return shape.filter((_, axis) => !reduced.has(axis))
}

const NAMES = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare']

export const REDUCTION_RULES: InferenceRules = {
  ...Object.fromEntries(NAMES.map((name) => [`Reduce${name}`, reduce])),
  ArgMax: argReduce,
  ArgMin: argReduce,
  CumSum: cumSum,
}
