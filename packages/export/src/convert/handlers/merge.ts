/** Layers that combine several tensors (tfjs-layers 4.22, merge.ts). */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import {
  add,
  concat,
  div,
  matMul,
  max,
  min,
  mul,
  reduceSum,
  sqrt,
  squeeze,
  transpose,
  unsqueeze,
} from '../../graph/ops/index.js'
import { axisOf, type Feature, type Layout, PLAIN } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'

type Combine = (g: GraphBuilder, values: readonly Value[]) => Value

/** A merge element by element, with broadcasting. */
export function elementwise(combine: Combine): LayerHandler {
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
  // tfjs takes any negative axis for the last one (tfjs_backend.ts, concatenate).
  return { value: concat(g, values, { axis: axisOf(first, axis < 0 ? -1 : axis) }), layout }
}

/** Dot along one axis of each of two tensors of rank 2 or 3, as tfjs computes it (merge.ts, batchDot). */
const dot: LayerHandler = (call) => {
  const { g, config } = call
  const [first, second, ...others] = call.inputs
  if (first === undefined || second === undefined || others.length > 0) {
    throw config.invalid('inputs', 'exactly 2', call.inputs.length)
  }
  const values = [call.plain(first), call.plain(second)] as const
  const ranks = values.map(({ shape }) => shape.length)
  if (!ranks.every((rank) => rank === 2 || rank === 3)) throw config.invalid('inputs', 'ranks 2 or 3', ranks)
  const axes = dotAxes(call, ranks)
  const normalize = config.boolean('normalize', false)
  const [x, y] = values.map((value, index) => (normalize ? l2Normalized(g, value, axes[index] ?? 0) : value)) as [
    Value,
    Value,
  ]
  const [xRank = 0, yRank = 0] = ranks
  if (xRank === 2 && yRank === 2) return { value: reduceSum(g, mul(g, x, y), { axes: [1] }), layout: PLAIN }
  // [N, a, k] × [N, k, b]: the axis that is summed over comes last on the left, first on the right. A matrix is a stack of columns.
  const left = xRank === 2 ? unsqueeze(g, x, [1]) : axes[0] === 2 ? x : transpose(g, x, { perm: [0, 2, 1] })
  const right = yRank === 2 ? unsqueeze(g, y, [2]) : axes[1] === 1 ? y : transpose(g, y, { perm: [0, 2, 1] })
  const product = matMul(g, left, right)
  if (xRank === yRank) return { value: product, layout: PLAIN }
  return { value: squeeze(g, product, [xRank === 2 ? 1 : 2]), layout: PLAIN }
}

function dotAxes({ config }: LayerCall, ranks: readonly number[]): number[] {
  const given = config.get('axes')
  const list = Array.isArray(given) ? given : [given, given]
  const axes = list.map((axis, index) => (typeof axis === 'number' && axis < 0 ? axis + (ranks[index] ?? 0) : axis))
  const valid = axes.every(
    (axis, index) => Number.isInteger(axis) && Number(axis) > 0 && Number(axis) < (ranks[index] ?? 0),
  )
  if (axes.length !== 2 || !valid)
    throw config.invalid('axes', `axes of ranks ${ranks.join(' and ')} but the batch's`, given)
  return axes as number[]
}

/** x / √max(Σ x², 1e-7): tfjs's l2Normalize bounds the sum of squares by its epsilon (losses.ts). */
function l2Normalized(g: GraphBuilder, x: Value, axis: number): Value {
  const squares = reduceSum(g, mul(g, x, x), { axes: [axis] })
  return div(g, x, sqrt(g, max(g, squares, g.scalar(1e-7, 'epsilon'))))
}

export const MERGE_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  Add: elementwise(sum),
  Multiply: elementwise(chained(mul)),
  Average: elementwise((g, values) => mul(g, sum(g, values), g.scalar(1 / values.length, 'one_by_count'))),
  Maximum: elementwise((g, values) => max(g, ...values)),
  Minimum: elementwise((g, values) => min(g, ...values)),
  Concatenate: concatenate,
  Dot: dot,
}
