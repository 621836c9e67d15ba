/** Layers that combine several tensors (tfjs-layers 4.22, merge.ts). */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { add, concat, max, min, mul, unsqueeze } from '../../graph/ops/index.js'
import { axisOf, type Feature, type Layout, PLAIN } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'

type Combine = (g: GraphBuilder, values: readonly Value[]) => Value

/** A merge element by element, with broadcasting. */
function elementwise(combine: Combine): LayerHandler {
  return (call) => {
    const { values, layout } = operands(call)
    return { value: combine(call.g, values), layout }
  }
}

/**
 * The inputs in one layout. Of different ranks, tfjs inserts axes after the batch until all have the greatest
 * (merge.ts, reshapeRequired), where ONNX would align from the last axis on.
 */
function operands(call: LayerCall): { values: Value[]; layout: Layout } {
  if (call.inputs.length < 2) throw call.config.invalid('inputs', 'at least 2', call.inputs.length)
  const rank = Math.max(...call.inputs.map(({ value }) => value.shape.length))
  if (call.inputs.every(({ value }) => value.shape.length === rank)) return call.aligned(call.inputs)
  const values = call.inputs.map((input) => {
    const missing = rank - input.value.shape.length
    const plain = call.plain(input)
    const axes = Array.from({ length: missing }, (_, index) => index + 1)
    return missing === 0 ? plain : unsqueeze(call.g, plain, axes)
  })
  return { values, layout: PLAIN }
}

function chained(op: (g: GraphBuilder, a: Value, b: Value) => Value): Combine {
  return (g, [first, ...rest]) => rest.reduce((left, right) => op(g, left, right), first as Value)
}

const sum = chained(add)

const concatenate: LayerHandler = (call) => {
  const { g, config } = call
  if (call.inputs.length < 2) throw config.invalid('inputs', 'at least 2', call.inputs.length)
  const { values, layout } = call.aligned(call.inputs)
  const first: Feature = { value: values[0] as Value, layout }
  const rank = first.value.shape.length
  const axis = config.integer('axis', -1)
  if (axis < -rank || axis >= rank) throw config.invalid('axis', `an axis of rank ${rank}`, axis)
  return { value: concat(g, values, { axis: axisOf(first, axis) }), layout }
}

export const MERGE_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  Add: elementwise(sum),
  Multiply: elementwise(chained(mul)),
  Average: elementwise((g, values) => mul(g, sum(g, values), g.scalar(1 / values.length, 'one_by_count'))),
  Maximum: elementwise((g, values) => max(g, ...values)),
  Minimum: elementwise((g, values) => min(g, ...values)),
  Concatenate: concatenate,
}
