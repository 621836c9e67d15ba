/** Sums over the batch and the picture: with the batch last they run over contiguous rows. */
import { intAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { constantInts } from '../../graph/inference/expect.js'
import { reduceSum as reduceSumOp, reshape } from '../../graph/ops/index.js'
import { type LoweringCall, type LoweringRule, original } from '../rule.js'

/** float32 sums of more elements than this lose digits: longer ones are summed in two stages. */
const LONG_ROW = 4096

/** Σ over all axes but the channel, [N, C, …] → [C]: a bias's gradient. */
const reduceSum: LoweringRule = (call) => {
  const { node } = call
  if (!call.isBatched(0)) return undefined
  const rank = call.type(0).shape.length
  const axes = call.hasInput(1) ? constantInts(node, [call.type(0), call.type(1)], 1) : undefined
  const sorted = axes?.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b)
  const allButChannels = [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2)]
  if (rank < 2 || intAttribute(node, 'keepdims', 1) !== 0 || sorted?.join() !== allButChannels.join()) return undefined
  return original(sharedChannelSums(call, node.inputs[0] ?? ''))
}

/** Σ over each channel of the value of that name, made once: [C]. */
export function sharedChannelSums(call: LoweringCall, name: string): Value {
  return call.shared(`channel sums of ${name}`, () => channelSums(call.g, call.batchLastOf(name)))
}

/** x [C, …] → [C] */
function channelSums(g: GraphBuilder, x: Value): Value {
  const [channels, ...rest] = x.shape as [number, ...number[]]
  const total = rest.reduce((product, dim) => product * dim, 1)
  const [rows] = rest as [number]
  if (total <= LONG_ROW || rest.length === 1) {
    return reduceSumOp(g, reshape(g, x, g.int64s([channels, total], 'rows')), { axes: [1], keepdims: 0 })
  }
  const partial = reduceSumOp(g, reshape(g, x, g.int64s([channels, rows, total / rows], 'rows')), {
    axes: [2],
    keepdims: 0,
  })
  return reduceSumOp(g, partial, { axes: [1], keepdims: 0 })
}

export const REDUCTION_LOWERINGS: Readonly<Record<string, LoweringRule>> = { ReduceSum: reduceSum }
