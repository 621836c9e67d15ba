/** Pooling over the spatial axes of [N, C, …]. */
import { type GraphBuilder, int, ints, type Value } from '../builder.js'

export interface PoolOptions {
  readonly kernelShape: readonly number[]
  readonly strides?: readonly number[]
  /** [begin…, end…], one of each a spatial axis. */
  readonly pads?: readonly number[]
}

export interface AveragePoolOptions extends PoolOptions {
  /** 1 counts padded zeros in the mean. */
  readonly countIncludePad?: 0 | 1
}

export function averagePool(g: GraphBuilder, x: Value, { countIncludePad = 0, ...options }: AveragePoolOptions): Value {
  return g.op('AveragePool', [x], {
    attributes: { ...poolAttributes(options), count_include_pad: countIncludePad === 0 ? undefined : int(1) },
  })
}

/** Padding counts as -∞. */
export function maxPool(g: GraphBuilder, x: Value, options: PoolOptions): Value {
  return g.op('MaxPool', [x], { attributes: poolAttributes(options) })
}

/** [N, C, …] → [N, C, 1…] */
export const globalAveragePool = (g: GraphBuilder, x: Value): Value => g.op('GlobalAveragePool', [x])

/** [N, C, …] → [N, C, 1…] */
export const globalMaxPool = (g: GraphBuilder, x: Value): Value => g.op('GlobalMaxPool', [x])

function poolAttributes({ kernelShape, strides, pads }: PoolOptions) {
  return {
    kernel_shape: ints(kernelShape),
    strides: ints(strides ?? kernelShape.map(() => 1)),
    pads: ints(pads ?? kernelShape.flatMap(() => [0, 0])),
  }
}
