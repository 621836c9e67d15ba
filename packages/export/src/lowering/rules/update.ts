/**
 * The SGD update of a dense layer's weight within the product that makes its gradient: w - lr · dyᵀ x = (-lr dy)ᵀ x + w. The gradient
 * itself, as large as the weight, is never made, nor read and scaled again.
 */
import { intAttribute } from '../../graph/attributes.js'
import { float, int } from '../../graph/builder.js'
import { mul, neg } from '../../graph/ops/index.js'
import type { Node } from '../../onnx/model.js'
import { type LoweringCall, type LoweringRule, original } from '../rule.js'

const subtract: LoweringRule = (call) => {
  const { g, node } = call
  const [weight = '', scaled = ''] = node.inputs
  const product = call.onlyProducer(scaled)
  if (product?.opType !== 'Mul') return undefined
  const [gradient = '', rate = ''] = product.inputs
  const gemm = call.onlyProducer(gradient)
  if (gemm === undefined || !isWeightGradient(call, gemm) || call.typeOf(rate).shape.length !== 0) return undefined
  const [dy = '', x = ''] = gemm.inputs
  const rateValue = call.originalOf(rate)
  const step = mul(
    g,
    call.batchLastOf(dy),
    call.shared(`minus ${rate}`, () => neg(g, rateValue)),
  )
  return original(
    g.op('Gemm', [step, call.batchLastOf(x), call.originalOf(weight)], {
      attributes: { transB: int(1), alpha: float(1), beta: float(1) },
      outputs: node.outputs,
    }),
  )
}

/** dyᵀ x over the batch, as the gradient of a Gemm has it. */
function isWeightGradient(call: LoweringCall, node: Node): boolean {
  const { opType, domain, inputs, attributes } = node
  return (
    opType === 'Gemm' &&
    domain === '' &&
    inputs.length === 2 &&
    inputs.every((input) => call.isBatchedValue(input)) &&
    intAttribute(node, 'transA', 0) === 1 &&
    intAttribute(node, 'transB', 0) === 0 &&
    attributes.alpha === undefined
  )
}

/** Rules of nodes that give the graph's outputs: they keep the outputs' names. */
export const UPDATE_LOWERINGS: Readonly<Record<string, LoweringRule>> = { Sub: subtract }
