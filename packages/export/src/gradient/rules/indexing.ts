/** Gradients of the ops that pick elements by index: what is picked gets its gradient, the rest 0. */
import { intAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { normalAxis } from '../../graph/dimension.js'
import {
  cast,
  concat,
  constantOfShape,
  scatterElements,
  scatterND,
  shapeOf,
  transpose,
  unsqueeze,
} from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
import { type GradientRule, operand } from '../rule.js'

/** An index that is picked several times (a word that occurs again) gets the sum. Only `data` has a gradient. */
const gather: GradientRule = (call) => {
  const { g, node, dy } = call
  const data = operand(call, 0)
  const indices = operand(call, 1)
  const axis = normalAxis(intAttribute(node, 'axis', 0), data.shape.length)
  const rows = unsqueeze(g, cast(g, indices, DataType.INT64), [-1]) // [i…] -> [i…, 1]
  if (axis === 0) return [scatterND(g, [zerosLike(g, data), rows, dy], { reduction: 'add' })]
  // dy [before…, i…, after…] -> [i…, before…, after…], data [before…, V, after…] -> [V, before…, after…]
  const picked = indices.shape.map((_, index) => axis + index)
  const around = dy.shape.map((_, index) => index).filter((index) => !picked.includes(index))
  const front = transpose(g, dy, { perm: [...picked, ...around] })
  const perm = [axis, ...data.shape.map((_, index) => index).filter((index) => index !== axis)]
  const shape = shapeOf(g, data)
  const turned = concat(
    g,
    perm.map((index) => sliceOf(g, shape, index)),
    { axis: 0 },
  )
  const sums = scatterND(g, [constantOfShape(g, turned), rows, front], { reduction: 'add' })
  return [transpose(g, sums, { perm: data.shape.map((_, index) => perm.indexOf(index)) })]
}

function sliceOf(g: GraphBuilder, shape: Value, index: number): Value {
  return g.op('Slice', [shape, g.int64s([index]), g.int64s([index + 1])])
}

const gatherElements: GradientRule = (call) => {
  const { g, node, dy } = call
  const data = operand(call, 0)
  const options = { axis: intAttribute(node, 'axis', 0), reduction: 'add' } as const
  return [scatterElements(g, [zerosLike(g, data), cast(g, operand(call, 1), DataType.INT64), dy], options)]
}

function zerosLike(g: GraphBuilder, x: Value): Value {
  return constantOfShape(g, shapeOf(g, x))
}

export const INDEXING_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  Gather: gather,
  GatherElements: gatherElements,
}
