/**
 * Batch normalization in training mode (Ioffe and Szegedy, "Batch Normalization", 2015, algorithm 1) as composite operators of
 * one output each. Over m = N × space numbers a channel, with inv = 1 / √(variance + epsilon) and x̂ = (x - mean) inv:
 *
 *     y = scale x̂ + bias          dbias = Σ dy          dscale = Σ dy x̂
 *     dx = scale inv (dy - dbias / m - x̂ dscale / m)
 *
 * The variance of the batch is biased (divided by m). x, y and dy are [N, C, …]; all else is [C].
 */
import { floatAttribute } from '../graph/attributes.js'
import { float, type GraphBuilder, int, type Value } from '../graph/builder.js'
import { required } from '../graph/inference/expect.js'
import { cast, gather, shapeOf } from '../graph/ops/index.js'
import type { InferenceRule, InferenceRules } from '../graph/shape-inference.js'
import { DataType, type Dimension, type Node } from '../onnx/model.js'
import { GRADIENT_DOMAIN } from './domain.js'

/** x → its mean a channel. */
export function batchMean(g: GraphBuilder, x: Value): Value {
  return g.op('BatchMean', [x], { domain: GRADIENT_DOMAIN })
}

/** x and its mean → its biased variance a channel, from centred values. */
export function batchVariance(g: GraphBuilder, x: Value, mean: Value): Value {
  return g.op('BatchVariance', [x, mean], { domain: GRADIENT_DOMAIN })
}

export interface BatchNormalizeInputs {
  readonly x: Value
  readonly scale: Value
  readonly bias: Value
  readonly mean: Value
  readonly variance: Value
}

/** y, in a node of the forward node's name whose output is called as the forward node's. */
export function batchNormalize(
  g: GraphBuilder,
  { x, scale, bias, mean, variance }: BatchNormalizeInputs,
  { name, outputs, epsilon }: { name: string; outputs: readonly string[]; epsilon: number },
): Value {
  return g.op('BatchNormalize', [x, scale, bias, mean, variance], {
    domain: GRADIENT_DOMAIN,
    name,
    outputs,
    attributes: { epsilon: float(epsilon) },
  })
}

/** dscale. */
export function batchNormalizeScaleGradient(
  g: GraphBuilder,
  { x, mean, variance, dy }: Pick<BatchNormalizeInputs, 'x' | 'mean' | 'variance'> & { dy: Value },
  epsilon: number,
): Value {
  return g.op('BatchNormalizeScaleGradient', [x, mean, variance, dy], {
    domain: GRADIENT_DOMAIN,
    attributes: { epsilon: float(epsilon) },
  })
}

export interface BatchNormalizeGradients extends Omit<BatchNormalizeInputs, 'bias'> {
  readonly dy: Value
  readonly scaleGradient: Value
  readonly biasGradient: Value
}

/** dx: the inputs of the node are x, scale, mean, variance, dy, dscale, dbias. */
export function batchNormalizeInputGradient(
  g: GraphBuilder,
  { x, scale, mean, variance, dy, scaleGradient, biasGradient }: BatchNormalizeGradients,
  epsilon: number,
): Value {
  return g.op('BatchNormalizeInputGradient', [x, scale, mean, variance, dy, scaleGradient, biasGradient], {
    domain: GRADIENT_DOMAIN,
    attributes: { epsilon: float(epsilon) },
  })
}

/** m of the formulas: how many numbers x [N, C, …] has a channel, as a FLOAT scalar. */
export function countPerChannel(g: GraphBuilder, x: Value): Value {
  const others = gather(
    g,
    shapeOf(g, x),
    g.int64s(
      x.shape.map((_, axis) => axis).filter((axis) => axis !== 1),
      'not_channels',
    ),
  )
  const count = g.op('ReduceProd', [others], { attributes: { keepdims: int(0) } })
  return cast(g, count, DataType.FLOAT)
}

export function epsilonOf(node: Node): number {
  return floatAttribute(node, 'epsilon', 1e-5)
}

const channels: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape: [shape[1] as Dimension] }]
}

const likeX: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape }]
}

export const BATCH_NORMALIZATION_INFERENCE: InferenceRules = {
  BatchMean: channels,
  BatchVariance: channels,
  BatchNormalize: likeX,
  BatchNormalizeScaleGradient: channels,
  BatchNormalizeInputGradient: likeX,
}
