/** Pools over a window and over the whole picture (tfjs-layers 4.22, pooling.ts). */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { averagePool, flatten, globalAveragePool, globalMaxPool, maxPool } from '../../graph/ops/index.js'
import { plainFeature } from '../feature.js'
import type { LayerHandler } from '../layer-call.js'
import { windowPads } from '../padding.js'
import { spatialInput } from './spatial.js'

/** A pool with `rank` spatial axes. The mean is over the pixels within the picture alone: count_include_pad stays 0. */
function pool(rank: number, op: typeof maxPool | typeof averagePool): LayerHandler {
  return (call) => {
    const { config, g } = call
    const { x, spatial, output } = spatialInput(call, rank)
    const kernel = config.sizes('pool_size', rank, 2)
    const strides = config.sizes('strides', rank, kernel)
    const pads = windowPads(config, spatial, { kernel, strides })
    return output(op(g, x, { kernelShape: kernel, strides, pads }))
  }
}

/** [N, …spatial, C] → [N, C], or [N, 1…, C] with `keepdims`. */
function globalPool(rank: number, op: (g: GraphBuilder, x: Value) => Value): LayerHandler {
  return (call) => {
    const { x, output } = spatialInput(call, rank)
    const y = op(call.g, x)
    return call.config.boolean('keepdims', false) ? output(y) : plainFeature(flatten(call.g, y, { axis: 1 }))
  }
}

export const POOLING_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  MaxPooling1D: pool(1, maxPool),
  MaxPooling2D: pool(2, maxPool),
  MaxPooling3D: pool(3, maxPool),
  AveragePooling1D: pool(1, averagePool),
  AveragePooling2D: pool(2, averagePool),
  AveragePooling3D: pool(3, averagePool),
  GlobalAveragePooling1D: globalPool(1, globalAveragePool),
  GlobalAveragePooling2D: globalPool(2, globalAveragePool),
  GlobalMaxPooling1D: globalPool(1, globalMaxPool),
  GlobalMaxPooling2D: globalPool(2, globalMaxPool),
}
