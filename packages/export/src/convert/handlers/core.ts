/** Dense, and the layers that only move numbers about (tfjs-layers 4.22, core.ts). */
import {
  add,
  cast,
  conv,
  dropout,
  expand,
  flatten,
  gemm,
  matMul,
  reshape,
  transpose,
  unsqueeze,
} from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
import { channelsFirstFeature, type Feature, plainFeature } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'
import { transposedLayout, type WeightLayout } from '../weight-binding.js'
import { withActivation } from './activations.js'

/**
 * x W + b over the last axis. On rank 2 it is a Gemm with the weight [out, in], as PyTorch keeps it; on a channels-first map it is a
 * convolution of kernel 1, which needs no transpose; elsewhere a MatMul.
 */
const dense: LayerHandler = (call) => {
  const { config, g } = call
  const feature = floatFeature(call)
  const units = config.size('units')
  const width = call.shape(feature).at(-1)
  if (typeof width !== 'number') throw config.invalid('input', 'a known size along the last axis', width ?? null)
  const shape = [width, units]
  const bias = config.boolean('use_bias', true) ? call.weight('bias', { as: 'bias', shape: [units] }) : undefined
  const rank = feature.value.shape.length
  if (rank === 2) {
    const w = call.weight('kernel', { as: 'weight', shape, layout: denseLayout(shape, feature) })
    return withActivation(call, plainFeature(gemm(g, [feature.value, w, bias], { transB: 1 })))
  }
  if (feature.layout.kind === 'channels-first') {
    const ones = Array.from({ length: rank - 2 }, () => 1)
    const layout: WeightLayout = { reshape: shape, transpose: [1, 0], shape: [units, width, ...ones] }
    const w = call.weight('kernel', { as: 'weight', shape, layout })
    return withActivation(call, channelsFirstFeature(conv(g, [feature.value, w, bias], { kernelShape: ones })))
  }
  const product = matMul(g, call.plain(feature), call.weight('kernel', { as: 'weight', shape }))
  return withActivation(call, plainFeature(bias === undefined ? product : add(g, product, bias)))
}

/**
 * [in, out] → [out, in]. After a flatten that kept the channels first, the rows move with the pixels:
 * [H × W × C, out] → [H, W, C, out] → [out, C, H, W] → [out, C × H × W].
 */
function denseLayout([width = 0, units = 0]: readonly number[], { layout }: Feature): WeightLayout {
  if (layout.kind !== 'flattened') return transposedLayout([width, units], [1, 0])
  const [channels = 1, ...spatial] = layout.dims
  const rank = spatial.length
  return {
    reshape: [...spatial, channels, units],
    transpose: [rank + 1, rank, ...spatial.map((_, axis) => axis)],
    shape: [units, width],
  }
}

/** The one input, as float32 where it is of integers: tfjs's matrix product takes the wider type. */
function floatFeature(call: LayerCall): Feature {
  const feature = call.input()
  return { ...feature, value: cast(call.g, feature.value, DataType.FLOAT) }
}

/** [N, …] → [N, product]. A feature map stays channels first: only what follows knows whether the order matters. */
const flattenLayer: LayerHandler = (call) => {
  const { config, g } = call
  const feature = call.input()
  if (!config.channelsLast()) {
    // tfjs flattens a channels-first map in the order of channels last.
    const plain = call.plain(feature) // [N, C, …spatial]
    const order = [0, ...plain.shape.slice(2).map((_, axis) => axis + 2), 1]
    return plainFeature(flatten(g, plain.shape.length > 2 ? transpose(g, plain, { perm: order }) : plain, { axis: 1 }))
  }
  if (feature.layout.kind !== 'channels-first') return { ...feature, value: flatten(g, feature.value, { axis: 1 }) }
  const [, ...dims] = feature.value.shape
  const value = flatten(g, feature.value, { axis: 1 })
  const known = dims.every((dim): dim is number => typeof dim === 'number')
  return known
    ? { value, layout: { kind: 'flattened', dims } }
    : plainFeature(flatten(g, call.plain(feature), { axis: 1 }))
}

/** tfjs drops nothing outside training, and nothing at all where the rate is 0 or 1 (core.ts). */
const dropoutLayer: LayerHandler = (call) => {
  const { config, g, training } = call
  const feature = call.input()
  const rate = Math.max(0, Math.min(1, config.number('rate', 0)))
  if (!training || rate === 0 || rate === 1) return feature
  if (config.get('noise_shape') !== undefined) throw config.unsupported('noise_shape has no training graph')
  return { ...feature, value: dropout(g, feature.value, g.scalar(rate, 'ratio')) }
}

const reshapeLayer: LayerHandler = (call) => {
  const { config, g } = call
  const target = config.get('target_shape')
  if (!Array.isArray(target)) throw config.invalid('target_shape', 'a list of sizes', target)
  // tfjs has null or a negative number for the one size that follows from the rest.
  const sizes = target.map((size) => (size === null || (typeof size === 'number' && size < 0) ? -1 : size))
  if (!sizes.every((size) => typeof size === 'number' && Number.isSafeInteger(size) && size !== 0)) {
    throw config.invalid('target_shape', 'a list of sizes from 1 on, null for an unknown one', target)
  }
  if (sizes.filter((size) => size === -1).length > 1) {
    throw config.invalid('target_shape', 'at most one unknown size', target)
  }
  // A zero keeps the batch.
  return plainFeature(reshape(g, call.plain(call.input()), g.int64s([0, ...(sizes as number[])], 'shape')))
}

/** `dims` count from 1: the batch stays. */
const permute: LayerHandler = (call) => {
  const { config, g } = call
  const feature = call.input()
  const dims = config.integers('dims')
  const rank = feature.value.shape.length
  const valid = dims.length === rank - 1 && [...dims].sort((a, b) => a - b).every((dim, index) => dim === index + 1)
  if (!valid) throw config.invalid('dims', `each of 1 to ${rank - 1} once`, dims)
  return plainFeature(transpose(g, call.plain(feature), { perm: [0, ...dims] }))
}

/** [N, F] → [N, n, F] */
const repeatVector: LayerHandler = (call) => {
  const { config, g } = call
  const x = call.plain(call.input())
  if (x.shape.length !== 2) throw config.invalid('input', 'rank 2', `rank ${x.shape.length}`)
  const row = unsqueeze(g, x, [1])
  return plainFeature(expand(g, row, g.int64s([1, config.size('n'), 1], 'shape')))
}

/** A layer that changes nothing when it does not train. */
export function identityOutside(what: string): LayerHandler {
  return (call: LayerCall) => {
    if (call.training) throw call.config.unsupported(`${what} has no training graph`)
    return call.input()
  }
}

export const CORE_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  Dense: dense,
  Flatten: flattenLayer,
  Dropout: dropoutLayer,
  SpatialDropout1D: identityOutside('dropout of whole channels'),
  GaussianNoise: identityOutside('Gaussian noise'),
  GaussianDropout: identityOutside('Gaussian dropout'),
  AlphaDropout: identityOutside('alpha dropout'),
  Reshape: reshapeLayer,
  Permute: permute,
  RepeatVector: repeatVector,
}
