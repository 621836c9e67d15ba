/** BatchNormalization and LayerNormalization (tfjs-layers 4.22, normalization.ts). */
import type { Value } from '../../graph/builder.js'
import {
  add,
  batchNormalization,
  div,
  expand,
  layerNormalization,
  mul,
  reduceMean,
  reshape,
  sqrt,
  sub,
} from '../../graph/ops/index.js'
import { floatTensor } from '../../onnx/tensor.js'
import { axisOf, channelsFirstFeature, channelsFirstOrder, type Feature, plainFeature } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'
import { sameLayout, transposedLayout, type WeightLayout } from '../weight-binding.js'

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
  // A sequence in tfjs's layout would be transposed to and fro: along the last axis, broadcasting does as well.
  const sequence = isLast && rank === 3 && input.layout.kind === 'plain' && !training
  if ((isLast && !sequence) || axis === 1) {
    // Of rank 2 the elements may stay in whatever order they are: the parameters follow them.
    const x = rank === 2 ? input.value : isLast ? call.channelsFirst(input) : call.plain(input)
    // Keras's momentum is ONNX's: running = running × momentum + batch × (1 − momentum). Only training reads it.
    const momentum = training ? { momentum: config.number('momentum', 0.99) } : {}
    const y = batchNormalization(g, { x, scale, bias: shift, mean, variance }, { epsilon, ...momentum })
    if (rank === 2) return { ...input, value: y }
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
  const shape = x.shape.map((_, index) => (index === axis ? -1 : 1))
  const isLast = axis === x.shape.length - 1
  const along = (value: Value): Value => (isLast ? value : reshape(g, value, g.int64s(shape, 'along_axis')))
  const deviation = sqrt(g, add(g, along(variance), g.scalar(config.number('epsilon', 1e-3), 'epsilon')))
  const normal = div(g, sub(g, x, along(mean)), deviation)
  return add(g, mul(g, normal, along(scale)), along(shift))
}

function statisticsOf(call: LayerCall, axis: number): Statistics {
  const { config, g } = call
  const length = call.shape()[axis]
  if (typeof length !== 'number') throw config.invalid('input', `a known size along axis ${axis}`, length ?? null)
  const shape = [length]
  const layout = flattenedLayout(call.input(), shape)
  const constant = (name: string, value: number): Value =>
    g.constant(floatTensor(name, shape, new Float32Array(length).fill(value)))
  // The statistics before the constants: a saved mean is what proves that a declared length is real.
  const mean = call.weight('moving_mean', { as: 'running_mean', shape, layout })
  const variance = call.weight('moving_variance', { as: 'running_var', shape, layout })
  return {
    scale: config.boolean('scale', true) ? call.weight('gamma', { as: 'weight', shape, layout }) : constant('ones', 1),
    shift: config.boolean('center', true) ? call.weight('beta', { as: 'bias', shape, layout }) : constant('zeros', 0),
    mean,
    variance,
  }
}

/** After a flatten that kept the channels first, the elements move with the pixels: [H × W × C] → [C × H × W]. */
function flattenedLayout({ layout }: Feature, shape: readonly number[]): WeightLayout {
  if (layout.kind !== 'flattened') return sameLayout(shape)
  const [channels = 1, ...spatial] = layout.dims
  return {
    reshape: [...spatial, channels],
    transpose: channelsFirstOrder(spatial.length + 2)
      .slice(1)
      .map((axis) => axis - 1),
    shape,
  }
}

/**
 * (x − mean) / √(variance + ε) · γ + β, each over `axis` (one or several) of the one example. Over the last axes of a tensor in
 * tfjs's layout it is ONNX's LayerNormalization; elsewhere, as over the channels of a map that has them first, it is written out.
 */
const layerNormalizationLayer: LayerHandler = (call) => {
  const { config, g } = call
  const input = call.input()
  const feature = input.layout.kind === 'flattened' ? plainFeature(call.plain(input)) : input
  const shape = call.shape(feature)
  const rank = shape.length
  const axes = layerAxes(call, rank)
  const lengths = axes.map((axis) => shape[axis])
  if (!lengths.every((length) => typeof length === 'number')) {
    throw config.invalid('input', `known sizes along the axes ${axes.join(', ')}`, `[${shape.join(', ')}]`)
  }
  const epsilon = config.number('epsilon', 1e-3)
  const first = Math.min(...axes)
  if (feature.layout.kind === 'plain' && axes.every((axis, index) => axis === rank - axes.length + index)) {
    const gamma = config.boolean('scale', true) ? call.weight('gamma', { as: 'weight', shape: lengths }) : undefined
    const beta = config.boolean('center', true) ? call.weight('beta', { as: 'bias', shape: lengths }) : undefined
    const scale = gamma ?? expand(g, g.scalar(1, 'one'), g.int64s(lengths, 'lengths'))
    return { ...feature, value: layerNormalization(g, [feature.value, scale, beta], { axis: first, epsilon }) }
  }
  // tfjs reshapes a parameter to the tensor's rank, whatever the order of `axis`.
  const broadcast = shape.map((_, axis) => (axes.includes(axis) ? (shape[axis] as number) : 1))
  const channelsFirst = feature.layout.kind === 'channels-first'
  const order = channelsFirst ? channelsFirstOrder(rank) : broadcast.map((_, axis) => axis)
  const layout = { ...transposedLayout(broadcast, order) }
  const along = axes.map((axis) => axisOf(feature, axis)).sort((a, b) => a - b)
  const x = feature.value
  const centred = sub(g, x, reduceMean(g, x, { axes: along }))
  const variance = reduceMean(g, mul(g, centred, centred), { axes: along })
  const normal = div(g, centred, sqrt(g, add(g, variance, g.scalar(epsilon, 'epsilon'))))
  const scaled = config.boolean('scale', true)
    ? mul(g, normal, call.weight('gamma', { as: 'weight', shape: lengths, layout }))
    : normal
  const shifted = config.boolean('center', true)
    ? add(g, scaled, call.weight('beta', { as: 'bias', shape: lengths, layout }))
    : scaled
  return { ...feature, value: shifted }
}

function layerAxes({ config }: LayerCall, rank: number): number[] {
  const value = config.get('axis') ?? -1
  const axes = (Array.isArray(value) ? value : [value]).map((axis) =>
    typeof axis === 'number' && Number.isSafeInteger(axis) && axis < 0 ? axis + rank : axis,
  )
  const valid = axes.every((axis) => typeof axis === 'number' && Number.isSafeInteger(axis) && axis > 0 && axis < rank)
  if (!valid || axes.length === 0 || new Set(axes).size !== axes.length) {
    throw config.invalid('axis', `axes of a rank ${rank} tensor but the batch's`, value)
  }
  return axes as number[]
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
  LayerNormalization: layerNormalizationLayer,
}
