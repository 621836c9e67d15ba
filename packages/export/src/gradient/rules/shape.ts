/** Gradients of the ops that only move elements about: the same move backwards. */
import { UserError } from '../../errors.js'
import { intAttribute, intsAttribute, stringAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { multiplied, normalAxis } from '../../graph/dimension.js'
import { constantInts } from '../../graph/inference/expect.js'
import { type SliceRange, sliceIndices } from '../../graph/inference/shape.js'
import {
  concat as concatOp,
  constantOfShape,
  pad as padOp,
  reduceSum,
  reshape,
  shapeOf,
  slice as sliceOp,
  transpose as transposeOp,
  unsqueeze,
} from '../../graph/ops/index.js'
import type { Dimension, Node, Shape } from '../../onnx/model.js'
import { type GradientRule, operand } from '../rule.js'
import { unbroadcast } from './broadcast.js'

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
    const length = knownLength(node, input?.shape[axis])
    const part = needs(index) ? sliceOp(g, dy, { starts: [start], ends: [start + length], axes: [axis] }) : undefined
    start += length
    return part
  })
}

function knownLength({ opType, name }: Node, length: Dimension | undefined): number {
  if (typeof length === 'number') return length
  const remedy = "give the model's input its size"
  throw new UserError(
    'UNSUPPORTED',
    `node ${name}: ${opType}'s gradient needs a known length, found ${length}: ${remedy}`,
  )
}

/** Pad's gradient is the part inside; cropping (negative pads) is refused. */
const pad: GradientRule = (call) => {
  const { g, node, inputs, dy } = call
  const x = operand(call, 0)
  const pads = constantInts(node, inputs, 1) ?? []
  const mode = stringAttribute(node, 'mode', 'constant')
  if (mode !== 'constant' || pads.some((length) => length < 0)) {
    throw new UserError(
      'UNSUPPORTED',
      `node ${node.name}: expected a Pad by a constant, found mode ${mode}, pads ${pads}`,
    )
  }
  const rank = x.shape.length
  const axes = x.shape.map((_, axis) => axis).filter((axis) => pads[axis] !== 0 || pads[axis + rank] !== 0)
  if (axes.length === 0) return [dy]
  const starts = axes.map((axis) => pads[axis] ?? 0)
  // -0 would mean the beginning: without end padding the slice goes to the very end.
  const ends = axes.map((axis) => (pads[axis + rank] === 0 ? Number.MAX_SAFE_INTEGER : -(pads[axis + rank] as number)))
  return [sliceOp(g, dy, { starts, ends, axes })]
}

/** What was cut off gets 0; a step leaves gaps of zeros, a negative one turns the axis round. */
const slice: GradientRule = (call) => {
  const { g, node, inputs, dy } = call
  const x = operand(call, 0)
  const [starts = [], ends = []] = [constantInts(node, inputs, 1), constantInts(node, inputs, 2)]
  const axes = constantInts(node, inputs, 3) ?? starts.map((_, axis) => axis)
  const steps = constantInts(node, inputs, 4) ?? starts.map(() => 1)
  return [
    axes.reduce((gradient, given, index) => {
      const axis = normalAxis(given, x.shape.length)
      const length = x.shape[axis] as Dimension
      if (length === dy.shape[axis] && steps[index] === 1) return gradient
      const range = { start: starts[index] as number, end: ends[index] as number, step: steps[index] as number }
      return unsliced(g, gradient, { axis, length: knownLength(node, length), ...range })
    }, dy),
  ]
}

interface SlicedAxis extends SliceRange {
  readonly axis: number
  /** Of x along the axis. */
  readonly length: number
}

function unsliced(g: GraphBuilder, dy: Value, { axis, length, start, end, step }: SlicedAxis): Value {
  const picked = sliceIndices(length, { start, end, step })
  const [first = 0] = step > 0 ? picked : picked.slice(-1)
  const forward = step > 0 ? dy : turned(g, dy, axis)
  const spread = Math.abs(step) === 1 ? forward : withGaps(g, forward, { axis, step: Math.abs(step) })
  // The gaps after the last element may reach beyond the end: cut there, or fill up with zeros.
  const room = length - first
  const fits =
    picked.length * Math.abs(step) > room ? sliceOp(g, spread, { starts: [0], ends: [room], axes: [axis] }) : spread
  const after = room - Math.min(room, picked.length * Math.abs(step))
  return padded(g, fits, { axis, before: first, after })
}

function turned(g: GraphBuilder, x: Value, axis: number): Value {
  return sliceOp(g, x, { starts: [-1], ends: [Number.MIN_SAFE_INTEGER], axes: [axis], steps: [-1] })
}

/** […, L, …] → […, L, 1, …] → […, L, step, …] → […, L step, …] */
function withGaps(g: GraphBuilder, x: Value, { axis, step }: { axis: number; step: number }): Value {
  const open = unsqueeze(g, x, [axis + 1])
  const grown = padded(g, open, { axis: axis + 1, before: 0, after: step - 1 })
  const shape = x.shape.map((dim, index) => (index === axis ? multiplied([dim, step]) : dim))
  return reshape(g, grown, shapeConstant(g, shape))
}

function padded(g: GraphBuilder, x: Value, by: { axis: number; before: number; after: number }): Value {
  if (by.before === 0 && by.after === 0) return x
  const pads = [by.before, by.after].flatMap((length) => x.shape.map((_, axis) => (axis === by.axis ? length : 0)))
  return padOp(g, x, g.int64s(pads, 'pads'))
}

/** Parts that the loss does not depend on count as zeros. */
const split: GradientRule = ({ g, node, dys, outputs }) => {
  const parts = outputs.map((output, index) => dys[index] ?? constantOfShape(g, shapeOf(g, output)))
  return [concatOp(g, parts, { axis: intAttribute(node, 'axis', 0) })]
}

const expand: GradientRule = (call) => [unbroadcast(call.g, call.dy, operand(call, 0))]

/** [a·r, …] → [r, a, …], summed over the repeats. */
const tile: GradientRule = (call) => {
  const { g, node, inputs, dy } = call
  const x = operand(call, 0)
  const repeats = constantInts(node, inputs, 1) ?? []
  const rows = x.shape.flatMap((dim, axis) => [repeats[axis] ?? 1, dim])
  const apart = reshape(g, dy, shapeConstant(g, rows))
  return [reduceSum(g, apart, { axes: x.shape.map((_, axis) => 2 * axis), keepdims: 0 })]
}

/** Blocks become channels again: DCR has the block before the channel, CRD after it. */
const depthToSpace: GradientRule = (call) => {
  const { g, node, dy } = call
  const block = intAttribute(node, 'blocksize', 1)
  if (stringAttribute(node, 'mode', 'DCR') === 'DCR') {
    return [g.op('SpaceToDepth', [dy], { attributes: { blocksize: { type: 'INT', value: block } } })]
  }
  const [n, c, h, w] = operand(call, 0).shape as [Dimension, number, Dimension, Dimension]
  const apart = reshape(g, dy, shapeConstant(g, [n, c / block ** 2, h, block, w, block]))
  const channels = transposeOp(g, apart, { perm: [0, 1, 3, 5, 2, 4] })
  return [reshape(g, channels, shapeConstant(g, [n, c, h, w]))]
}

const spaceToDepth: GradientRule = ({ g, node, dy }) => {
  const blocksize = { type: 'INT', value: intAttribute(node, 'blocksize', 1) } as const
  return [g.op('DepthToSpace', [dy], { attributes: { blocksize, mode: { type: 'STRING', value: 'DCR' } } })]
}

/** A shape of which at most one length is unknown. */
function shapeConstant(g: GraphBuilder, shape: Shape): Value {
  if (shape.filter((dim) => typeof dim === 'string').length > 1) {
    throw new UserError('UNSUPPORTED', `gradient: expected at most one dynamic length, found [${shape.join(', ')}]`)
  }
  return g.int64s(
    shape.map((dim) => (typeof dim === 'string' ? -1 : dim)),
    'shape',
  )
}

export const SHAPE_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  Concat: concat,
  DepthToSpace: depthToSpace,
  Expand: expand,
  Flatten: sameElements,
  Pad: pad,
  Reshape: sameElements,
  Slice: slice,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: sameElements,
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: sameElements,
}
