/** Gradients of the pools. */
import { UserError } from '../../errors.js'
import type { Value } from '../../graph/builder.js'
import { expand, mul } from '../../graph/ops/index.js'
import type { Node } from '../../onnx/model.js'
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
  const spatial = knownSize(node, operand(call, 0))
  const count = spatial.reduce((product, dim) => product * dim, 1)
  const share = mul(g, dy, g.scalar(1 / count, 'one_by_count'))
  return [expand(g, share, g.int64s([1, 1, ...spatial], 'shape'))]
}

/** A max pool with one window as large as the picture. */
const globalMaxPool: GradientRule = (call) => {
  const { g, node, dy } = call
  const x = operand(call, 0)
  const kernel = knownSize(node, x)
  const ones = kernel.map(() => 1)
  const pads = kernel.flatMap(() => [0, 0])
  const window = { kernel, strides: ones, dilations: ones, pads, group: 1, inputSize: kernel, countIncludePad: false }
  return [maxPoolGradient(g, [x, result(call), dy], window)]
}

function knownSize({ name, opType }: Node, x: Value): readonly number[] {
  const spatial = x.shape.slice(2)
  if (spatial.every((dim): dim is number => typeof dim === 'number')) return spatial
  const found = `[${spatial.join(', ')}]: give the model's input its size`
  throw new UserError('UNSUPPORTED', `node ${name}: ${opType}'s gradient needs a known input size, found ${found}`)
}

export const POOLING_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
}
