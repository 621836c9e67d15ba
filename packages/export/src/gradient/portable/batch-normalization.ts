/**
 * Batch normalization's composites in standard operators. A mean over N × space of float32 numbers is taken in two steps, over
 * space and then over the batch: each partial sum stays short, where one long sum would lose digits.
 */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { add, div, mul, reduceMean, reduceSum, reshape, sqrt, sub } from '../../graph/ops/index.js'
import { countPerChannel, epsilonOf } from '../batch-normalization.js'
import type { Expansion, ExpansionRule } from '../rebuild.js'
import { operand } from '../rule.js'

/** [N, C, …] → [C] */
function channelMean(g: GraphBuilder, x: Value): Value {
  return reduceMean(g, spaceReduced(g, x, reduceMean), { axes: [0], keepdims: 0 })
}

/** [N, C, …] → [C] */
function channelSum(g: GraphBuilder, x: Value): Value {
  return reduceSum(g, spaceReduced(g, x, reduceSum), { axes: [0], keepdims: 0 })
}

/** [N, C, …] → [N, C] */
function spaceReduced(g: GraphBuilder, x: Value, reduce: typeof reduceMean): Value {
  const axes = x.shape.map((_, axis) => axis).slice(2)
  return axes.length === 0 ? x : reduce(g, x, { axes, keepdims: 0 })
}

/** [C] → [C, 1…], which broadcasts over [N, C, …]. */
function alongChannels(g: GraphBuilder, value: Value, x: Value): Value {
  const space = x.shape.slice(2)
  return space.length === 0 ? value : reshape(g, value, g.int64s([-1, ...space.map(() => 1)], 'along_channels'))
}

const batchMean: ExpansionRule = (expansion) => channelMean(expansion.g, operand(expansion, 0))

const batchVariance: ExpansionRule = (expansion) => {
  const { g } = expansion
  const x = operand(expansion, 0)
  const centred = sub(g, x, alongChannels(g, operand(expansion, 1), x))
  return channelMean(g, mul(g, centred, centred))
}

/** √(variance + epsilon), [C] */
function deviation({ g, node }: Pick<Expansion, 'g' | 'node'>, variance: Value): Value {
  return sqrt(g, add(g, variance, g.scalar(epsilonOf(node), 'epsilon')))
}

/** (x - mean) · (scale / deviation) + bias */
const batchNormalize: ExpansionRule = (expansion) => {
  const { g } = expansion
  const [x, scale, bias, mean, variance] = five(expansion)
  const slope = div(g, scale, deviation(expansion, variance))
  const centred = sub(g, x, alongChannels(g, mean, x))
  return add(g, mul(g, centred, alongChannels(g, slope, x)), alongChannels(g, bias, x))
}

/** Σ dy (x - mean) / deviation */
const scaleGradient: ExpansionRule = (expansion) => {
  const { g } = expansion
  const x = operand(expansion, 0)
  const dy = operand(expansion, 3)
  const centred = sub(g, x, alongChannels(g, operand(expansion, 1), x))
  return div(g, channelSum(g, mul(g, dy, centred)), deviation(expansion, operand(expansion, 2)))
}

/** (dy - dbias / m - (x - mean) · (dscale / m / deviation)) · (scale / deviation) */
const inputGradient: ExpansionRule = (expansion) => {
  const { g } = expansion
  const [x, scale, mean, variance, dy] = five(expansion)
  const spread = deviation(expansion, variance)
  const count = countPerChannel(g, x)
  const centred = sub(g, x, alongChannels(g, mean, x))
  const pull = div(g, div(g, operand(expansion, 5), count), spread)
  const level = div(g, operand(expansion, 6), count)
  const direct = sub(g, dy, alongChannels(g, level, x))
  const inner = sub(g, direct, mul(g, centred, alongChannels(g, pull, x)))
  return mul(g, inner, alongChannels(g, div(g, scale, spread), x))
}

function five(expansion: Expansion): [Value, Value, Value, Value, Value] {
  const at = (index: number): Value => operand(expansion, index)
  return [at(0), at(1), at(2), at(3), at(4)]
}

export const PORTABLE_BATCH_NORMALIZATION: Readonly<Record<string, ExpansionRule>> = {
  BatchMean: batchMean,
  BatchVariance: batchVariance,
  BatchNormalize: batchNormalize,
  BatchNormalizeScaleGradient: scaleGradient,
  BatchNormalizeInputGradient: inputGradient,
}
