/** Reductions. `keepdims` is 1 by default, as in the specification. */
import { type GraphBuilder, int, ints, type Value } from '../builder.js'

export interface ReduceOptions {
  /** All axes where none is given. */
  readonly axes?: readonly number[]
  readonly keepdims?: 0 | 1
}

/** Axes are an input since opset 13. */
export function reduceSum(g: GraphBuilder, x: Value, { axes, keepdims = 1 }: ReduceOptions = {}): Value {
  const axesInput = axes === undefined ? undefined : g.int64s(axes, 'axes')
  return g.op('ReduceSum', [x, axesInput], { attributes: { keepdims: int(keepdims) } })
}

export const reduceLogSumExp = reduction('ReduceLogSumExp')
export const reduceMean = reduction('ReduceMean')
export const reduceMax = reduction('ReduceMax')
export const reduceSumSquare = reduction('ReduceSumSquare')

export interface ArgMaxOptions {
  readonly axis: number
  readonly keepdims?: 0 | 1
}

/** The first index of the largest, INT64. */
export const argMax = (g: GraphBuilder, x: Value, { axis, keepdims = 1 }: ArgMaxOptions): Value =>
  g.op('ArgMax', [x], { attributes: { axis: int(axis), keepdims: int(keepdims) } })

/** Axes are an attribute up to opset 17. */
function reduction(opType: string) {
  return (g: GraphBuilder, x: Value, { axes, keepdims = 1 }: ReduceOptions = {}): Value =>
    g.op(opType, [x], { attributes: { axes: axes === undefined ? undefined : ints(axes), keepdims: int(keepdims) } })
}
