/** Pools over a window and over the whole picture (tfjs-layers 4.22, pooling.ts). */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import {
  averagePool,
  clip,
  concat,
  constantOfShape,
  div,
  flatten,
  globalAveragePool,
  globalMaxPool,
  maxPool,
  shapeOf,
} from '../../graph/ops/index.js'
import { floatTensor } from '../../onnx/tensor.js'
import { plainFeature } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'
import { paddedInput, type Window } from '../padding.js'
import { spatialInput } from './spatial.js'

/** The lowest float32: it loses against every pixel. */
const LOWEST = -3.4028234663852886e38

/** A pool with `rank` spatial axes. Those of one axis have no data_format in tfjs: it is not looked at. */
function pool(rank: number, build: (call: LayerCall, x: Value, window: Window) => Value): LayerHandler {
  return (call) => {
    const { config } = call
    const { x, output } = spatialInput(call, rank, rank === 1 || config.channelsLast())
    const kernel = config.sizes('pool_size', rank, 2)
    return output(build(call, x, { kernel, strides: config.sizes('strides', rank, kernel) }))
  }
}

function maximum(call: LayerCall, x: Value, window: Window): Value {
  const input = paddedInput(call, x, { ...window, fill: LOWEST })
  return maxPool(call.g, apart(call.g, input.x), {
    kernelShape: window.kernel,
    strides: window.strides,
    pads: input.pads,
  })
}

/**
 * ONNX Runtime up to 1.30 fuses a Pad of zeros into a pool: into a MaxPool, whose own pads are −∞, which is wrong where a number is
 * negative, and into pads as long as the kernel, which its pools refuse. A Clip without bounds, which changes nothing, keeps the two
 * apart; the pass fuse-padding takes it away with the Pad where the pool can have the zeros.
 */
function apart(g: GraphBuilder, x: Value): Value {
  const producer = g.graph().nodes.find(({ outputs }) => outputs[0] === x.name)
  return producer?.opType === 'Pad' ? clip(g, x) : x
}

/**
 * The mean is over the pixels within the picture alone: count_include_pad stays 0. Where the pads are known at run time only, a copy
 * with zeros is pooled, and divided by the share of the window that lies within: the pooled copy of a picture of ones.
 */
function mean(call: LayerCall, x: Value, window: Window): Value {
  const { g } = call
  const input = paddedInput(call, x, window)
  const options = { kernelShape: window.kernel, strides: window.strides, pads: input.pads }
  if (!input.copied) return averagePool(g, apart(g, input.x), options)
  const means = averagePool(g, input.x, options)
  const onePicture = concat(g, [g.int64s([1, 1], 'one_channel'), shapeOf(g, x, { start: 2 })], { axis: 0 })
  const ones = constantOfShape(g, onePicture, floatTensor('one', [1], [1]))
  return div(g, means, averagePool(g, paddedInput(call, ones, window).x, options))
}

/** [N, …spatial, C] → [N, C], or [N, 1…, C] with Keras's `keepdims`, which tfjs does not know. */
function globalPool(rank: number, op: (g: GraphBuilder, x: Value) => Value): LayerHandler {
  return (call) => {
    const { x, output } = spatialInput(call, rank, rank === 1 || call.config.channelsLast())
    const y = op(call.g, x)
    return call.config.boolean('keepdims', false) ? output(y) : plainFeature(flatten(call.g, y, { axis: 1 }))
  }
}

export const POOLING_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  MaxPooling1D: pool(1, maximum),
  MaxPooling2D: pool(2, maximum),
  MaxPooling3D: pool(3, maximum),
  AveragePooling1D: pool(1, mean),
  AveragePooling2D: pool(2, mean),
  AveragePooling3D: pool(3, mean),
  GlobalAveragePooling1D: globalPool(1, globalAveragePool),
  GlobalAveragePooling2D: globalPool(2, globalAveragePool),
  GlobalMaxPooling1D: globalPool(1, globalMaxPool),
  GlobalMaxPooling2D: globalPool(2, globalMaxPool),
}
