/** Ops that pick and place elements by index. */
import type { Dimension } from '../../onnx/model.js'
import { int64Values } from '../../onnx/tensor.js'
import { intAttribute } from '../attributes.js'
import { normalAxis } from '../dimension.js'
import type { InferenceRule, InferenceRules } from '../shape-inference.js'
import { elementsOf, required } from './expect.js'

const gather: InferenceRule = (node, inputs) => {
  const data = required(node, inputs, 0)
  const indices = required(node, inputs, 1)
  const axis = normalAxis(intAttribute(node, 'axis', 0), data.shape.length)
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)]
  const elements = elementsOf(data)
  if (elements === undefined || indices.constant === undefined) return [{ dataType: data.dataType, shape }]
  const picked = int64Values(indices.constant).map((index) => elements.at(index) as Dimension)
  return [{ dataType: data.dataType, shape, elements: picked }]
}

const likeIndices: InferenceRule = (node, inputs) => [
  { dataType: required(node, inputs, 0).dataType, shape: required(node, inputs, 1).shape },
]

const likeData: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape }]
}

/** indices […], depth, values [off, on] → […, depth] or the new axis elsewhere. */
const oneHot: InferenceRule = (node, inputs) => {
  const { shape } = required(node, inputs, 0)
  const depth = elementsOf(required(node, inputs, 1))?.[0] ?? `${node.name}.depth`
  const axis = normalAxis(intAttribute(node, 'axis', -1), shape.length + 1)
  return [{ dataType: required(node, inputs, 2).dataType, shape: shape.toSpliced(axis, 0, depth) }]
}

export const INDEXING_RULES: InferenceRules = {
  Gather: gather,
  GatherElements: likeIndices,
  OneHot: oneHot,
  ScatterElements: likeData,
  ScatterND: likeData,
}
