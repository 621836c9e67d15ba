/** Flatten and Reshape keep the order of elements within a picture, so with the batch last they stay reshapes. */
import { expand as expandOp, reshape } from '../../graph/ops/index.js'
import { elementCount } from '../../onnx/tensor.js'
import { batchLast, type LoweringCall, type LoweringRule } from '../rule.js'

/** `shape` is the output's in the original graph, the batch first. */
function reshaped(call: LoweringCall, rest: readonly number[]) {
  return batchLast(reshape(call.g, call.batchLast(0), call.g.int64s([...rest, call.batch], 'shape')))
}

const flatten: LoweringRule = (call) => {
  if (!call.isBatched(0) || (call.node.attributes.axis?.value ?? 1) !== 1) return undefined
  const [, ...dims] = call.type(0).shape as number[]
  return reshaped(call, [elementCount(dims)])
}

/** A Reshape whose target keeps the batch as its first axis. */
const reshapeRule: LoweringRule = (call) => {
  if (!call.isBatched(0) || !call.isOutputBatched) return undefined
  const [, ...rest] = call.outputShape as number[]
  return reshaped(call, rest)
}

/** From a value of the same rank: each axis of length 1 grows. */
const expand: LoweringRule = (call) => {
  const { shape } = call.type(0)
  if (!call.isBatched(0) || !call.isOutputBatched || shape.length !== call.outputShape.length) return undefined
  const [, ...rest] = call.outputShape as number[]
  return batchLast(expandOp(call.g, call.batchLast(0), call.g.int64s([...rest, call.batch], 'shape')))
}

export const SHAPE_LOWERINGS: Readonly<Record<string, LoweringRule>> = {
  Expand: expand,
  Flatten: flatten,
  Reshape: reshapeRule,
  Squeeze: reshapeRule,
  Unsqueeze: reshapeRule,
}
