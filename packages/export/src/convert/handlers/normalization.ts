/** BatchNormalization and LayerNormalization (tfjs-layers 4.22, normalization.ts). */
import type { Value } from '../../graph/builder.js'
import { add, batchNormalization, div, mul, reshape, sqrt, sub } from '../../graph/ops/index.js'
import { floatTensor } from '../../onnx/tensor.js'
import { channelsFirstFeature, type Feature, plainFeature } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'

interface Statistics {
  readonly scale: Value
  readonly shift: Value
  readonly mean: Value
  readonly variance: Value
}

/**
 * (x − mean) / √(variance + ε) · γ + β along `axis`, with the running statistics. ONNX's operator wants that axis second:
 * the channels of a feature map, or the only one of a matrix. Another axis is written out in elementwise operators.
 */
const batchNormalizationLayer: LayerHandler = (call) => {
  const { config, g, training } = call
  const input = call.input()
  const axis = normalizedAxis(call, input)
  const rank = input.value.shape.length
  const epsilon = config.number('epsilon', 1e-3)
  const statistics = statisticsOf(call, axis)
  const { scale, shift, mean, variance } = statistics
  const isLast = axis === rank - 1
  if (isLast || axis === 1) {
    const x = isLast ? call.channelsFirst(input) : call.plain(input)
    // Keras's momentum is ONNX's: running = running × momentum + batch × (1 − momentum). Only training reads it.
    const momentum = training ? { momentum: config.number('momentum', 0.99) } : {}
    const y = batchNormalization(g, { x, scale, bias: shift, mean, variance }, { epsilon, ...momentum })
    return isLast ? channelsFirstFeature(y) : plainFeature(y)
  }
  if (training) throw config.unsupported(`axis ${axis} of rank ${rank} has no training graph`)
  return plainFeature(elementwise(call, call.plain(input), statistics, axis))
}

function elementwise(
  { g, config }: LayerCall,
  x: Value,
  { scale, shift, mean, variance }: Statistics,
  axis: number,
): Value {
  const shape = g.int64s(
    x.shape.map((_, index) => (index === axis ? -1 : 1)),
    'along_axis',
  )
  const along = (value: Value): Value => reshape(g, value, shape)
  const deviation = sqrt(g, add(g, along(variance), g.scalar(config.number('epsilon', 1e-3), 'epsilon')))
  const normal = div(g, sub(g, x, along(mean)), deviation)
  return add(g, mul(g, normal, along(scale)), along(shift))
}

function statisticsOf(call: LayerCall, axis: number): Statistics {
  const { config, g } = call
  const length = call.shape()[axis]
  if (typeof length !== 'number') throw config.invalid('input', `a known size along axis ${axis}`, length ?? null)
  const shape = [length]
  const constant = (name: string, value: number): Value =>
    g.constant(floatTensor(name, shape, new Float32Array(length).fill(value)))
  return {
    scale: config.boolean('scale', true) ? call.weight('gamma', { as: 'weight', shape }) : constant('ones', 1),
    shift: config.boolean('center', true) ? call.weight('beta', { as: 'bias', shape }) : constant('zeros', 0),
    mean: call.weight('moving_mean', { as: 'running_mean', shape }),
    variance: call.weight('moving_variance', { as: 'running_var', shape }),
  }
}

function normalizedAxis({ config }: LayerCall, feature: Feature): number {
  const value = config.get('axis')
  const axis = Array.isArray(value) && value.length === 1 ? value[0] : config.get('axis') === undefined ? -1 : value
  const rank = feature.value.shape.length
  if (typeof axis !== 'number' || !Number.isSafeInteger(axis) || axis < -rank || axis >= rank || axis === 0) {
    throw config.invalid('axis', `an axis of a rank ${rank} tensor but the batch's`, value)
  }
  return axis < 0 ? axis + rank : axis
}

export const NORMALIZATION_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  BatchNormalization: batchNormalizationLayer,
}
