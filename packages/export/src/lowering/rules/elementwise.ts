/** Operators that treat each element by itself hold in any layout: f(Transpose(x)) = Transpose(f(x)). */

import { GRADIENT_DOMAIN } from '../../gradient/composite.js'
import { hardSigmoid, mul } from '../../graph/ops/index.js'
import { batchLast, type LoweringRule } from '../rule.js'
import { reluOfNormalization } from './normalization.js'

/** The node itself on inputs with the batch last; one without a batch is broadcast as before. */
const sameNode: LoweringRule = (call) => {
  const { g, node } = call
  const indices = node.inputs.map((_, index) => index)
  if (node.outputs.length > 1 || !indices.some((index) => call.isBatched(index))) return undefined
  const rank = Math.max(...indices.map((index) => call.type(index).shape.length))
  // A batch that stands beside a longer value without one would meet it at other axes.
  if (indices.some((index) => call.isBatched(index) && call.type(index).shape.length !== rank)) return undefined
  if (indices.some((index) => !call.isBatched(index) && !broadcasts(call.type(index).shape, rank))) return undefined
  const inputs = indices.map((index) => call.batchLast(index, rank))
  return batchLast(g.op(node.opType, inputs, { attributes: node.attributes }))
}

/** Whether a value without a batch has length 1 (or no axis) where the batch is. */
function broadcasts(shape: readonly unknown[], rank: number): boolean {
  return shape.length < rank || shape[0] === 1
}

/**
 * dy [y > 0] as dy · min(1, max(0, 10³⁰ y)). ONNX Runtime's HardSigmoid runs at the speed of memory; Greater, Cast and Where
 * do not. Every y from 10⁻³⁰ on counts as positive, those below get a part of dy: no float32 activation lies there but 0.
 */
const reluGradient: LoweringRule = (call) => {
  if (!call.isBatched(0)) return undefined
  const { g, node } = call
  const y = call.batchLast(0)
  const mask = call.shared(`relu mask of ${node.inputs[0]}`, () => hardSigmoid(g, y, { alpha: 1e30, beta: 0 }))
  return batchLast(mul(g, call.batchLast(1), mask))
}

const ELEMENTWISE = [
  ...[
    'Abs',
    'Add',
    'Cast',
    'Clip',
    'Div',
    'Elu',
    'Erf',
    'Exp',
    'HardSigmoid',
    'Identity',
    'LeakyRelu',
    'Log',
    'Mul',
    'Neg',
  ],
  ...['Pow', 'Reciprocal', 'Relu', 'Selu', 'Sigmoid', 'Softplus', 'Softsign', 'Sqrt', 'Sub', 'Tanh', 'ThresholdedRelu'],
]

export const ELEMENTWISE_LOWERINGS: Readonly<Record<string, LoweringRule>> = {
  ...Object.fromEntries(ELEMENTWISE.map((opType) => [opType, sameNode])),
  Relu: (call) => reluOfNormalization(call) ?? sameNode(call),
  [`${GRADIENT_DOMAIN}.ReluGradient`]: reluGradient,
}
