/** Gradients of the pools. */
import { expand, mul } from '../../graph/ops/index.js'
import { averagePoolGradient, forwardGeometry, maxPoolGradient } from '../composite.js'
import { type GradientRule, operand, result } from '../rule.js'

const averagePool: GradientRule = (call) => {
  const { g, node, dy } = call
  return [averagePoolGradient(g, dy, forwardGeometry(node, operand(call, 0)))]
}

const maxPool: GradientRule = (call) => {
  const { g, node, dy, outputs } = call
  if (outputs.length > 1) throw new Error(`MaxPool ${node.name}: the output Indices has no gradient`)
  const x = operand(call, 0)
  return [maxPoolGradient(g, [x, result(call), dy], forwardGeometry(node, x))]
}

/** dx = dy / (H W), everywhere. */
const globalAveragePool: GradientRule = (call) => {
  const { g, node, dy } = call
  const spatial = operand(call, 0).shape.slice(2)
  if (!spatial.every((dim): dim is number => typeof dim === 'number')) {
    throw new Error(
      `GlobalAveragePool ${node.name}: its gradient needs a known input size, found [${spatial.join(', ')}]`,
    )
  }
  const count = spatial.reduce((product, dim) => product * dim, 1)
  const share = mul(g, dy, g.scalar(1 / count, 'one_by_count'))
  return [expand(g, share, g.int64s([1, 1, ...spatial], 'shape'))]
}

export const POOLING_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  GlobalAveragePool: globalAveragePool,
}
