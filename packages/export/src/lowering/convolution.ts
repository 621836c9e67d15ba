/** A layer's convolution as its three products see it: forward, input gradient, filter gradient. */
import type { ConvolutionShape } from './convolution-algorithm.js'
import type { LoweringCall } from './rule.js'

/** x [C, H, W, N], w [O, C, kh, kw], y [O, OH, OW, N]. */
export interface Convolution extends ConvolutionShape {
  readonly call: LoweringCall
  readonly batch: number
  /** Spatial lengths of the output. */
  readonly outputSize: readonly number[]
  /** The tile of the algorithm, where it has one. */
  readonly m: number
}
