/**
 * 1×1 convolutions as matrix products over the channels: Y [O, P N] = W [O, C] X [C, P N], where stride picks the positions P. Its
 * gradients: dW = dY Xᵀ, dX = Wᵀ dY at the picked positions and 0 elsewhere.
 */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { gemm, pad, reshape, slice } from '../../graph/ops/index.js'
import type { Convolution } from '../convolution.js'

export function pointwiseConvolution(
  { call, channels, filters, strides, outputSize, batch }: Convolution,
  { x, w, b }: { x: Value; w: Value; b: Value | undefined },
): Value {
  const { g } = call
  const matrix = reshape(g, w, g.int64s([filters, channels], 'matrix'))
  const bias = b === undefined ? undefined : reshape(g, b, g.int64s([filters, 1], 'column'))
  const y = gemm(g, [matrix, picked(g, x, strides), bias])
  return reshape(g, y, g.int64s([filters, ...outputSize, batch], 'shape'))
}

export function pointwiseInputGradient(
  { call, channels, filters, strides, inputSize, outputSize, batch }: Convolution,
  { dy, w }: { dy: Value; w: Value },
): Value {
  const { g } = call
  const matrix = reshape(g, w, g.int64s([filters, channels], 'matrix'))
  const product = gemm(g, [matrix, rows(g, dy)], { transA: 1 })
  const [height = 0, width = 0] = outputSize
  const small = reshape(g, product, g.int64s([channels, height, width, batch], 'small'))
  if (strides.every((stride) => stride === 1)) return small
  // Zeros between: [C, H, 1, W, 1, N] → [C, H, sh, W, sw, N], then what stands beyond the last position is cut off or added.
  const [sh = 1, sw = 1] = strides
  const open = reshape(g, product, g.int64s([channels, height, 1, width, 1, batch], 'open'))
  const spread = pad(g, open, g.int64s([0, 0, 0, 0, 0, 0, 0, 0, sh - 1, 0, sw - 1, 0], 'pads'))
  const joined = reshape(g, spread, g.int64s([channels, height * sh, width * sw, batch], 'joined'))
  const missing = inputSize.map((length, axis) => length - (outputSize[axis] as number) * (strides[axis] as number))
  if (missing.every((length) => length === 0)) return joined
  return pad(g, joined, g.int64s([0, 0, 0, 0, 0, ...missing, 0], 'edge'))
}

export function pointwiseFilterGradient(
  { call, channels, filters, strides }: Convolution,
  { x, dy }: { x: Value; dy: Value },
): Value {
  const { g } = call
  const dw = gemm(g, [rows(g, dy), picked(g, x, strides)], { transB: 1 })
  return reshape(g, dw, g.int64s([filters, channels, 1, 1], 'filter'))
}

/** x [C, H, W, N] at every stride-th position, as [C, P N]. */
function picked(g: GraphBuilder, x: Value, strides: readonly number[]): Value {
  const axes = strides.flatMap((stride, axis) => (stride === 1 ? [] : [axis + 1]))
  if (axes.length === 0) return rows(g, x)
  const part = slice(g, x, {
    starts: axes.map(() => 0),
    ends: axes.map(() => Number.MAX_SAFE_INTEGER),
    axes,
    steps: axes.map((axis) => strides[axis - 1] as number),
  })
  return rows(g, part)
}

function rows(g: GraphBuilder, x: Value): Value {
  const [first, ...rest] = x.shape as [number, ...number[]]
  return reshape(g, x, g.int64s([first, rest.reduce((product, dim) => product * dim, 1)], 'rows'))
}
