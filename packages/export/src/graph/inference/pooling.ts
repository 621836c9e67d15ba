/** Pools, local and global. */
import { DataType, type Dimension } from '../../onnx/model.js'
import { intsAttribute } from '../attributes.js'
import type { InferenceRule, InferenceRules } from '../shape-inference.js'
import { required } from './expect.js'
import { windowOf, windowOutput } from './window.js'

/** X [N, C, …] → [N, C, …]; MaxPool's second output holds the winners' flat indices. */
const pool: InferenceRule = (node, inputs) => {
  const x = required(node, inputs, 0)
  const kernel = intsAttribute(node, 'kernel_shape')
  if (kernel === undefined) throw new Error(`${node.opType} ${node.name}: expected a kernel_shape, found none`)
  const spatial = windowOutput(node, x.shape.slice(2), windowOf(node, kernel))
  const shape = [...x.shape.slice(0, 2), ...spatial]
  return [
    { dataType: x.dataType, shape },
    { dataType: DataType.INT64, shape },
  ]
}

const globalPool: InferenceRule = (node, inputs) => {
  const x = required(node, inputs, 0)
  const shape: Dimension[] = x.shape.map((dim, axis) => (axis < 2 ? dim : 1))
  return [{ dataType: x.dataType, shape }]
}

export const POOLING_RULES: InferenceRules = {
  AveragePool: pool,
  LpPool: pool,
  MaxPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
}
