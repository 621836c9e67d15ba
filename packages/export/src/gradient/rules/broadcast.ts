/** Broadcasting undone: where a value was repeated along an axis, its gradient is the sum along it. */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { reduceSum, squeeze } from '../../graph/ops/index.js'

/** `gradient` summed to the shape of `input`, which broadcasting had grown to the shape of `gradient`. */
export function unbroadcast(g: GraphBuilder, gradient: Value, input: Value): Value {
  const lead = gradient.shape.length - input.shape.length
  const repeated = gradient.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < lead || (input.shape[axis - lead] === 1 && gradient.shape[axis] !== 1))
  if (repeated.length === 0) return gradient
  const summed = reduceSum(g, gradient, { axes: repeated, keepdims: 1 })
  return lead === 0
    ? summed
    : squeeze(
        g,
        summed,
        Array.from({ length: lead }, (_, axis) => axis),
      )
}
