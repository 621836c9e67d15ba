/** Gradients of the softmaxes and of the normalisations. */
import { floatAttribute, intAttribute } from '../../graph/attributes.js'
import type { Value } from '../../graph/builder.js'
import { normalAxis } from '../../graph/dimension.js'
import { add, div, exp, mul, reduceMean, reduceSum, reshape, sqrt, sub } from '../../graph/ops/index.js'
import { batchNormalizeInputGradient, batchNormalizeScaleGradient, epsilonOf } from '../batch-normalization.js'
import { GRADIENT_DOMAIN } from '../domain.js'
import { type GradientCall, type GradientRule, operand, result } from '../rule.js'
import { unbroadcast } from './broadcast.js'

/** y = e^x / Σ e^x: dx = y (dy - Σ dy y) */
const softmax: GradientRule = (call) => {
  const { g, node, dy } = call
  const y = result(call)
  const axes = [intAttribute(node, 'axis', -1)]
  return [mul(g, y, sub(g, dy, reduceSum(g, mul(g, dy, y), { axes })))]
}

/** y = x - ln Σ e^x: dx = dy - e^y Σ dy */
const logSoftmax: GradientRule = (call) => {
  const { g, node, dy } = call
  const axes = [intAttribute(node, 'axis', -1)]
  return [sub(g, dy, mul(g, exp(g, result(call)), reduceSum(g, dy, { axes })))]
}

/** All axes but the channels, which are second. */
function allButChannels({ shape }: Value): number[] {
  return shape.map((_, axis) => axis).filter((axis) => axis !== 1)
}

/** With fixed statistics: y = scale x̂ + bias, x̂ = (x - mean) / √(variance + epsilon). */
const frozen: GradientRule = (call) => {
  const { g, dy, needs } = call
  const x = operand(call, 0)
  const along = g.int64s([-1, ...x.shape.slice(2).map(() => 1)], 'along_channels')
  const at = (index: number): Value => operand(call, index)
  const deviation = sqrt(g, add(g, at(4), g.scalar(epsilonOf(call.node), 'epsilon')))
  const normal = (): Value => div(g, sub(g, x, reshape(g, at(3), along)), reshape(g, deviation, along))
  const axes = allButChannels(x)
  return [
    needs(0) ? mul(g, dy, reshape(g, div(g, at(1), deviation), along)) : undefined,
    needs(1) ? reduceSum(g, mul(g, dy, normal()), { axes, keepdims: 0 }) : undefined,
    needs(2) ? reduceSum(g, dy, { axes, keepdims: 0 }) : undefined,
  ]
}

/** With the batch's statistics: see `../batch-normalization.ts`. That they depend on x is in dx. */
const batch: GradientRule = (call) => {
  const { g, node, dy, needs } = call
  const epsilon = epsilonOf(node)
  const [x, scale, mean, variance] = [operand(call, 0), operand(call, 1), operand(call, 3), operand(call, 4)]
  const scaleGradient = batchNormalizeScaleGradient(g, { x, mean, variance, dy }, epsilon)
  const biasGradient = reduceSum(g, dy, { axes: allButChannels(x), keepdims: 0 })
  const dx = (): Value =>
    batchNormalizeInputGradient(g, { x, scale, mean, variance, dy, scaleGradient, biasGradient }, epsilon)
  return [needs(0) ? dx() : undefined, scaleGradient, biasGradient]
}

/**
 * y = scale x̂ + bias over the axes from `axis` on: with d = dy scale, dx = (d - mean d - x̂ mean (d x̂)) / √(variance + epsilon).
 */
const layer: GradientRule = (call) => {
  const { g, node, dy, needs, inputs } = call
  const x = operand(call, 0)
  const scale = operand(call, 1)
  const axis = normalAxis(intAttribute(node, 'axis', -1), x.shape.length)
  const axes = x.shape.map((_, index) => index).slice(axis)
  const centred = sub(g, x, reduceMean(g, x, { axes }))
  const variance = reduceMean(g, mul(g, centred, centred), { axes })
  const deviation = sqrt(g, add(g, variance, g.scalar(floatAttribute(node, 'epsilon', 1e-5), 'epsilon')))
  const normal = div(g, centred, deviation)
  const [, , bias] = inputs
  return [
    needs(0) ? layerInputGradient(call, { normal, deviation, scaled: mul(g, dy, scale), axes }) : undefined,
    needs(1) ? unbroadcast(g, mul(g, dy, normal), scale) : undefined,
    needs(2) && bias !== undefined ? unbroadcast(g, dy, bias) : undefined,
  ]
}

function layerInputGradient(
  { g }: GradientCall,
  parts: { normal: Value; deviation: Value; scaled: Value; axes: readonly number[] },
): Value {
  const { normal, deviation, scaled, axes } = parts
  const level = sub(g, scaled, reduceMean(g, scaled, { axes }))
  const pull = mul(g, normal, reduceMean(g, mul(g, scaled, normal), { axes }))
  return div(g, sub(g, level, pull), deviation)
}

export const NORMALIZATION_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  BatchNormalization: frozen,
  [`${GRADIENT_DOMAIN}.BatchNormalize`]: batch,
  LayerNormalization: layer,
  LogSoftmax: logSoftmax,
  Softmax: softmax,
}
