/** Convolution of any number of spatial axes, always with explicit `pads`. */
import { type GraphBuilder, int, ints, type Value } from '../builder.js'

export interface ConvOptions {
  /** By default the weight's own spatial lengths. */
  readonly kernelShape?: readonly number[]
  readonly strides?: readonly number[]
  /** [begin…, end…], one of each a spatial axis. */
  readonly pads?: readonly number[]
  readonly dilations?: readonly number[]
  readonly group?: number
}

export interface ConvTransposeOptions extends ConvOptions {
  readonly outputPadding?: readonly number[]
}

/** x [N, C, …], w [M, C/group, …], b [M] → [N, M, …] */
export function conv(
  g: GraphBuilder,
  [x, w, b]: readonly [Value, Value, (Value | undefined)?],
  options: ConvOptions = {},
): Value {
  return g.op('Conv', [x, w, b], { attributes: windowAttributes(x, w, options) })
}

/** x [N, C, …], w [C, M/group, …], b [M] → [N, M, …] */
export function convTranspose(
  g: GraphBuilder,
  [x, w, b]: readonly [Value, Value, (Value | undefined)?],
  { outputPadding, ...options }: ConvTransposeOptions = {},
): Value {
  return g.op('ConvTranspose', [x, w, b], {
    attributes: {
      ...windowAttributes(x, w, options),
      output_padding: outputPadding?.some((length) => length !== 0) ? ints(outputPadding) : undefined,
    },
  })
}

/** All are written out, the defaults too: a reader of the graph then needs no specification beside it. */
function windowAttributes(x: Value, w: Value, { kernelShape, strides, pads, dilations, group = 1 }: ConvOptions) {
  const rank = x.shape.length - 2
  const kernel = kernelShape ?? w.shape.slice(2)
  return {
    kernel_shape: kernel.every((length) => typeof length === 'number') ? ints(kernel) : undefined,
    strides: ints(strides ?? Array(rank).fill(1)),
    pads: ints(pads ?? Array(2 * rank).fill(0)),
    dilations: ints(dilations ?? Array(rank).fill(1)),
    group: int(group),
  }
}
