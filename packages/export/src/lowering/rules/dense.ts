/** Matrix products with the batch last: y = x W' + b becomes yᵀ = W'ᵀ xᵀ + bᵀ, which needs no transposition of its own. */
import { floatAttribute, intAttribute } from '../../graph/attributes.js'
import { gemm as gemmOp, reshape } from '../../graph/ops/index.js'
import { batchLast, type LoweringCall, type LoweringRule, original } from '../rule.js'

const gemm: LoweringRule = (call) => {
  const { g, node } = call
  const transA = intAttribute(node, 'transA', 0)
  const transB = intAttribute(node, 'transB', 0)
  const alpha = floatAttribute(node, 'alpha', 1)
  const beta = floatAttribute(node, 'beta', 1)
  // A [N, K] by a matrix without a batch: [M, N] = B'ᵀ [M, K] Aᵀ [K, N].
  if (call.isBatched(0) && !call.isBatched(1) && transA === 0) {
    const bias = call.hasInput(2) ? columnBias(call) : undefined
    if (call.hasInput(2) && bias === undefined) return undefined
    return batchLast(
      gemmOp(g, [call.original(1), call.batchLast(0), bias], { transA: transB === 1 ? 0 : 1, alpha, beta }),
    )
  }
  // Aᵀ B over the batch, a weight's gradient: both have the batch as the axis that is summed.
  if (call.isBatched(0) && call.isBatched(1) && transA === 1 && transB === 0 && !call.hasInput(2)) {
    return original(gemmOp(g, [call.batchLast(0), call.batchLast(1)], { transB: 1, alpha }))
  }
  return undefined
}

/** b [M] → [M, 1], added to every column. */
function columnBias(call: LoweringCall) {
  const { shape } = call.type(2)
  if (shape.length !== 1) return undefined
  const b = call.original(2)
  return call.shared(`column of ${b.name}`, () => reshape(call.g, b, call.g.int64s([-1, 1], 'column')))
}

export const DENSE_LOWERINGS: Readonly<Record<string, LoweringRule>> = { Gemm: gemm }
