/** Gradients of the ops that only move elements about: the same move backwards. */
import { intAttribute, intsAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { normalAxis } from '../../graph/dimension.js'
import { constantInts } from '../../graph/inference/expect.js'
import { reshape, shapeOf, slice, transpose as transposeOp } from '../../graph/ops/index.js'
import type { Dimension } from '../../onnx/model.js'
import { type GradientRule, operand } from '../rule.js'

/** `gradient` in the shape of `like`: as a constant where at most one length is unknown, else computed. */
export function reshapedLike(g: GraphBuilder, gradient: Value, like: Value): Value {
  const dynamic = like.shape.filter((dim) => typeof dim === 'string').length
  const target =
    dynamic <= 1
      ? g.int64s(
          like.shape.map((dim) => (typeof dim === 'string' ? -1 : dim)),
          'shape',
        )
      : shapeOf(g, like)
  return reshape(g, gradient, target)
}

const sameElements: GradientRule = (call) => [reshapedLike(call.g, call.dy, operand(call, 0))]

const transpose: GradientRule = (call) => {
  const { g, node, dy } = call
  const rank = dy.shape.length
  const perm = intsAttribute(node, 'perm') ?? dy.shape.map((_, axis) => rank - 1 - axis)
  return [transposeOp(g, dy, { perm: perm.map((_, axis) => perm.indexOf(axis)) })]
}

/** Each input gets its own slice. */
const concat: GradientRule = ({ g, node, inputs, dy, needs }) => {
  const axis = normalAxis(intAttribute(node, 'axis', 0), dy.shape.length)
  let start = 0
  return inputs.map((input, index) => {
    const length = knownLength(node.name, input?.shape[axis])
    const part = needs(index) ? slice(g, dy, { starts: [start], ends: [start + length], axes: [axis] }) : undefined
    start += length
    return part
  })
}

function knownLength(name: string, length: Dimension | undefined): number {
  if (typeof length === 'number') return length
  throw new Error(`Concat ${name}: its gradient needs known lengths along the axis, found ${length}`)
}

/** Pad's gradient is the part inside; cropping (negative pads) is refused. */
const pad: GradientRule = (call) => {
  const { g, node, inputs, dy } = call
  const x = operand(call, 0)
  const pads = constantInts(node, inputs, 1) ?? []
  if (pads.some((length) => length < 0)) throw new Error(`Pad ${node.name}: negative pads have no gradient rule`)
  const rank = x.shape.length
  const axes = x.shape.map((_, axis) => axis).filter((axis) => pads[axis] !== 0 || pads[axis + rank] !== 0)
  if (axes.length === 0) return [dy]
  const starts = axes.map((axis) => pads[axis] ?? 0)
  // -0 would mean the beginning: without end padding the slice goes to the very end.
  const ends = axes.map((axis) => (pads[axis + rank] === 0 ? Number.MAX_SAFE_INTEGER : -(pads[axis + rank] as number)))
  return [slice(g, dy, { starts, ends, axes })]
}

export const SHAPE_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  Concat: concat,
  Flatten: sameElements,
  Pad: pad,
  Reshape: sameElements,
  Squeeze: sameElements,
  Transpose: transpose,
  Unsqueeze: sameElements,
}
