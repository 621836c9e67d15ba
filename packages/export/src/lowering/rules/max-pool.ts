/**
 * Max pools, with the batch last. The maximum of a window is the maximum over its rows of each row's maximum, so a pool is
 * taken along the width and then along the height, and its gradient goes back the same two ways: to the first row that holds the
 * maximum, and in it to the first element. That is the first of equals in row-major order, as in PyTorch and in MaxPool's Indices.
 */

import { forwardGeometry, GRADIENT_DOMAIN, geometryOf, type WindowGeometry } from '../../gradient/composite.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { add, cast, concat, equal, maxPool as maxPoolOp, mul, pad, reshape, slice, sub } from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
import { batchLast, type LoweringCall, type LoweringRule } from '../rule.js'

/** Below every number that a map holds: what lies outside the picture never wins. */
const LOWEST = -3e38

const maxPool: LoweringRule = (call) => {
  const { node } = call
  if (!call.isBatched(0) || call.type(0).shape.length !== 4 || node.outputs.length > 1) return undefined
  const geometry = forwardGeometry(node, { name: '', ...call.type(0) })
  if (geometry.dilations.some((dilation) => dilation !== 1)) return undefined
  const x = call.batchLast(0)
  const across = pooledAcross(call, { x, name: node.inputs[0] ?? '' }, geometry)
  return batchLast(pooled(call.g, across, { geometry, axis: 0 }))
}

/** The pool along the width alone: the gradient needs it again. */
function pooledAcross(call: LoweringCall, { x, name }: { x: Value; name: string }, geometry: WindowGeometry): Value {
  const { kernel, strides, pads } = geometry
  const key = `max pool of ${name} across ${kernel[1]} ${strides[1]} ${pads[1]} ${pads[3]}`
  return call.shared(key, () => pooled(call.g, x, { geometry, axis: 1 }))
}

/** x [C, H, W, N] pooled along one spatial axis (0: the height). */
function pooled(g: GraphBuilder, x: Value, { geometry, axis }: { geometry: WindowGeometry; axis: number }): Value {
  const { kernel, strides, pads } = geometry
  const only = (values: readonly number[], rest: number): number[] =>
    [0, 1, 2].map((other) => (other === axis ? (values[axis] as number) : rest))
  const y = maxPoolOp(g, reshape(g, x, g.int64s([1, ...(x.shape as number[])], 'picture')), {
    kernelShape: only(kernel, 1),
    strides: only(strides, 1),
    pads: [...only(pads.slice(0, 2), 0), ...only(pads.slice(2), 0)],
  })
  return reshape(g, y, g.int64s(y.shape.slice(1) as number[], 'shape'))
}

const maxPoolGradient: LoweringRule = (call) => {
  const { g, node } = call
  if (!call.isBatched(0) || call.type(0).shape.length !== 4) return undefined
  const geometry = geometryOf(node)
  const x = call.batchLast(0)
  const y = call.batchLast(1)
  const across = pooledAcross(call, { x, name: node.inputs[0] ?? '' }, geometry)
  const dAcross = axisGradient(g, { x: across, y, dy: call.batchLast(2) }, { geometry, axis: 0 })
  return batchLast(axisGradient(g, { x, y: across, dy: dAcross }, { geometry, axis: 1 }))
}

interface PoolTensors {
  readonly x: Value
  readonly y: Value
  readonly dy: Value
}

/**
 * Gradient of a pool along one axis. Window i holds positions i s - p + j; for each j in order, the share of dy whose maximum stands
 * there and at no earlier j. The shares of the j that fall on the same phase of the stride add up, and the phases interleave.
 */
function axisGradient(
  g: GraphBuilder,
  { x, y, dy }: PoolTensors,
  { geometry, axis: spatial }: { geometry: WindowGeometry; axis: number },
): Value {
  const axis = spatial + 1
  const kernel = geometry.kernel[spatial] as number
  const stride = geometry.strides[spatial] as number
  const begin = geometry.pads[spatial] as number
  const length = x.shape[axis] as number
  const count = y.shape[axis] as number

  const shares: Value[] = []
  let left = dy
  for (let tap = 0; tap < kernel; tap++) {
    if (tap === kernel - 1 && begin === 0) {
      // Someone has won: what no earlier element took is the last one's.
      shares.push(left)
      break
    }
    const element = windowElements(g, x, { axis, offset: tap - begin, stride, count })
    const wins = cast(g, equal(g, element, y), DataType.FLOAT)
    const share = mul(g, left, wins)
    shares.push(share)
    if (tap < kernel - 1) left = sub(g, left, share)
  }

  // Share j of window i belongs to position i s + (j - p): phase (j - p) mod s, index i + ⌊(j - p) / s⌋.
  const rows = Math.ceil(length / stride)
  const phases = Array.from({ length: stride }, (_, phase) => {
    const parts = shares.flatMap((share, tap) => {
      const offset = tap - begin
      const shift = Math.floor(offset / stride)
      return offset - shift * stride === phase ? [shifted(g, share, { axis, shift, length: rows })] : []
    })
    const [first, ...others] = parts
    return first === undefined ? undefined : others.reduce((sum, part) => add(g, sum, part), first)
  })
  return interleaved(g, phases, { axis, length, like: dy, rows })
}

interface WindowElements {
  readonly axis: number
  readonly offset: number
  readonly stride: number
  readonly count: number
}

/** Element `offset` of each window: x[i · stride + offset], LOWEST where that lies outside. */
function windowElements(g: GraphBuilder, x: Value, { axis, offset, stride, count }: WindowElements): Value {
  const length = x.shape[axis] as number
  const first = Math.max(0, Math.ceil(-offset / stride))
  const last = Math.min(count - 1, Math.floor((length - 1 - offset) / stride))
  const start = first * stride + offset
  const inside = slice(g, x, { starts: [start], ends: [last * stride + offset + 1], axes: [axis], steps: [stride] })
  const missing = [first, count - 1 - last]
  if (missing.every((rows) => rows === 0)) return inside
  return margins(g, inside, { axis, before: missing[0] as number, behind: missing[1] as number, value: LOWEST })
}

/** Row i of the result is row i - shift of x, zeros where there is none, up to `length` rows. */
function shifted(
  g: GraphBuilder,
  x: Value,
  { axis, shift, length }: { axis: number; shift: number; length: number },
): Value {
  const rows = x.shape[axis] as number
  const start = Math.max(0, -shift)
  const end = Math.min(rows, length - shift)
  const part = start === 0 && end === rows ? x : slice(g, x, { starts: [start], ends: [end], axes: [axis] })
  const before = Math.max(0, shift)
  const behind = length - before - (end - start)
  return before === 0 && behind === 0 ? part : margins(g, part, { axis, before, behind, value: 0 })
}

interface Margins {
  readonly axis: number
  readonly before: number
  readonly behind: number
  readonly value: number
}

function margins(g: GraphBuilder, x: Value, { axis, before, behind, value }: Margins): Value {
  const rank = x.shape.length
  const pads = Array<number>(2 * rank).fill(0)
  pads[axis] = before
  pads[axis + rank] = behind
  return pad(g, x, g.int64s(pads, 'pads'), value === 0 ? undefined : g.scalar(value, 'lowest'))
}

interface Interleaving {
  readonly axis: number
  readonly length: number
  readonly rows: number
  readonly like: Value
}

/** Row r · phases + k of the result is row r of phase k; a phase that no window reaches is zeros. */
function interleaved(
  g: GraphBuilder,
  phases: readonly (Value | undefined)[],
  { axis, length, rows, like }: Interleaving,
): Value {
  const shape = (like.shape as number[]).with(axis, rows)
  const open = g.int64s(shape.toSpliced(axis + 1, 0, 1), 'open')
  const parts = phases.map((part) => {
    const whole = part ?? mul(g, shifted(g, like, { axis, shift: 0, length: rows }), g.scalar(0, 'zero'))
    return reshape(g, whole, open)
  })
  const joinedShape = shape.with(axis, rows * phases.length)
  const joined = reshape(g, concat(g, parts, { axis: axis + 1 }), g.int64s(joinedShape, 'joined'))
  return rows * phases.length === length ? joined : slice(g, joined, { starts: [0], ends: [length], axes: [axis] })
}

export const MAX_POOL_LOWERINGS: Readonly<Record<string, LoweringRule>> = {
  MaxPool: maxPool,
  [`${GRADIENT_DOMAIN}.MaxPoolGradient`]: maxPoolGradient,
}
