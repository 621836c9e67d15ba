/** Gradients of the reductions: dy repeated along the reduced axes, times what each element counts. */
import { intAttribute, intsAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { normalAxis } from '../../graph/dimension.js'
import { constantInts } from '../../graph/inference/expect.js'
import {
  cast,
  div,
  equal,
  exp,
  expand,
  gather,
  indicator,
  max,
  mul,
  reduceSum,
  shapeOf,
  sub,
  unsqueeze,
} from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
import { type GradientCall, type GradientRule, operand, result } from '../rule.js'

/** The reduced axes, from 0. */
function reducedAxes({ node, inputs }: GradientCall, x: Value): readonly number[] {
  const given = intsAttribute(node, 'axes') ?? constantInts(node, inputs, 1) ?? []
  const every = x.shape.map((_, axis) => axis)
  if (given.length === 0) return intAttribute(node, 'noop_with_empty_axes', 0) === 1 ? [] : every
  return given.map((axis) => normalAxis(axis, x.shape.length)).sort((a, b) => a - b)
}

/** A value of the result's shape with the reduced axes back, of length 1. */
function kept(g: GraphBuilder, value: Value, { rank, axes }: { rank: number; axes: readonly number[] }): Value {
  return value.shape.length === rank || axes.length === 0 ? value : unsqueeze(g, value, axes)
}

/** A rule for a reduction: `weigh` turns dy, with the reduced axes of length 1, into what has x's shape or broadcasts to it. */
function reduction(
  weigh: (call: GradientCall, parts: { x: Value; dy: Value; y: Value; axes: readonly number[] }) => Value,
): GradientRule {
  return (call) => {
    const { g } = call
    const x = operand(call, 0)
    const axes = reducedAxes(call, x)
    const rank = x.shape.length
    const y = kept(g, result(call), { rank, axes })
    const weighed = weigh(call, { x, dy: kept(g, call.dy, { rank, axes }), y, axes })
    const same = weighed.shape.length === rank && weighed.shape.every((dim, axis) => dim === x.shape[axis])
    return [same ? weighed : expand(g, weighed, shapeOf(g, x))]
  }
}

/** How many elements each result is made of, FLOAT: a constant where the lengths are known. */
function elementsEach(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  const lengths = axes.map((axis) => x.shape[axis])
  if (lengths.every((length) => typeof length === 'number')) {
    return g.scalar(
      lengths.reduce((product, length) => product * length, 1),
      'count',
    )
  }
  const reduced = gather(g, shapeOf(g, x), g.int64s(axes, 'axes'))
  const count = g.op('ReduceProd', [reduced], { attributes: { keepdims: { type: 'INT', value: 0 } } })
  return cast(g, count, DataType.FLOAT)
}

/** To the largest, in equal parts where there are several. */
const extreme = reduction(({ g }, { x, dy, y, axes }) => {
  const chosen = indicator(g, equal(g, x, y))
  return mul(g, chosen, div(g, dy, reduceSum(g, chosen, { axes, keepdims: 1 })))
})

/** The smallest normal float32. */
const SMALLEST = 1.1754943508222875e-38

export const REDUCTION_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  // (ln Σ eˣ)' = eˣ / Σ eˣ = e^(x - y)
  ReduceLogSumExp: reduction(({ g }, { x, dy, y }) => mul(g, exp(g, sub(g, x, y)), dy)),
  ReduceMax: extreme,
  ReduceMin: extreme,
  ReduceMean: reduction(({ g }, { x, dy, axes }) => div(g, dy, elementsEach(g, x, axes))),
  ReduceSum: reduction((_, { dy }) => dy),
  // (Σ x²)' = 2 x
  ReduceSumSquare: reduction(({ g }, { x, dy }) => mul(g, mul(g, x, g.scalar(2, 'two')), dy)),
  // √(Σ x²)' = x / y, and 0 where all of x is 0
  ReduceL2: reduction(({ g }, { x, dy, y }) => mul(g, div(g, x, max(g, y, g.scalar(SMALLEST, 'smallest'))), dy)),
}
