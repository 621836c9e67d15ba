/** Ops that move elements about, and ops that compute shapes. */
import type { Tensor } from '../../onnx/model.js'
import { floatTensor } from '../../onnx/tensor.js'
import { type GraphBuilder, int, ints, string, type Value } from '../builder.js'

export const concat = (g: GraphBuilder, values: readonly Value[], { axis }: { axis: number }): Value =>
  g.op('Concat', values, { attributes: { axis: int(axis) } })

/** `value` (one element) everywhere; 0.0 by default. */
export const constantOfShape = (g: GraphBuilder, shape: Value, value?: Tensor): Value =>
  g.op('ConstantOfShape', [shape], {
    attributes: { value: value === undefined ? undefined : { type: 'TENSOR', value } },
  })

export const expand = (g: GraphBuilder, x: Value, shape: Value): Value => g.op('Expand', [x, shape])

/** To a matrix: the axes before `axis`, and the rest. */
export const flatten = (g: GraphBuilder, x: Value, { axis = 1 } = {}): Value =>
  g.op('Flatten', [x], { attributes: { axis: int(axis) } })

/** With zeros, or the scalar `value`; `pads` is [begin…, end…]. */
export const pad = (g: GraphBuilder, x: Value, pads: Value, value?: Value): Value => g.op('Pad', [x, pads, value])

export const range = (g: GraphBuilder, start: Value, limit: Value, delta: Value): Value =>
  g.op('Range', [start, limit, delta])

/** 0 in `shape` keeps a dimension, one -1 takes what is left. */
export const reshape = (g: GraphBuilder, x: Value, shape: Value): Value => g.op('Reshape', [x, shape])

/** x [N, C·b², H, W] → [N, C, H·b, W·b]; `mode` DCR takes the depth as [b, b, C] (TensorFlow's), CRD as [C, b, b] (PyTorch's). */
export const depthToSpace = (
  g: GraphBuilder,
  x: Value,
  { blocksize, mode = 'DCR' }: { blocksize: number; mode?: 'DCR' | 'CRD' },
): Value => g.op('DepthToSpace', [x], { attributes: { blocksize: int(blocksize), mode: string(mode) } })

export interface ResizeOptions {
  readonly mode: 'nearest' | 'linear'
  readonly coordinateTransformationMode: 'half_pixel' | 'align_corners' | 'asymmetric' | 'pytorch_half_pixel'
  readonly nearestMode?: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil'
}

/** Resizes the last axes to `sizes`, or by whole `scales`; the axes before them stay as they are, dynamic or not. */
export function resize(
  g: GraphBuilder,
  x: Value,
  to: { readonly sizes: readonly number[] } | { readonly scales: readonly number[] },
  { mode, coordinateTransformationMode, nearestMode }: ResizeOptions,
): Value {
  const attributes = {
    mode: string(mode),
    coordinate_transformation_mode: string(coordinateTransformationMode),
    nearest_mode: nearestMode === undefined ? undefined : string(nearestMode),
  }
  if ('scales' in to) {
    const ones = Array.from({ length: x.shape.length - to.scales.length }, () => 1)
    const scales = g.constant(floatTensor('scales', [x.shape.length], [...ones, ...to.scales]))
    return g.op('Resize', [x, undefined, scales], { attributes })
  }
  const kept = x.shape.length - to.sizes.length
  const before = x.shape.slice(0, kept)
  const known = before.every((dim): dim is number => typeof dim === 'number')
  const target = known
    ? g.int64s([...before, ...to.sizes], 'sizes')
    : concat(g, [shapeOf(g, x, { end: kept }), g.int64s(to.sizes, 'sizes')], { axis: 0 })
  return g.op('Resize', [x, undefined, undefined, target], { attributes })
}

/** ONNX's Shape: the lengths of the axes from `start` to before `end`, INT64. */
export const shapeOf = (g: GraphBuilder, x: Value, { start, end }: { start?: number; end?: number } = {}): Value =>
  g.op('Shape', [x], {
    attributes: { start: start === undefined ? undefined : int(start), end: end === undefined ? undefined : int(end) },
  })

export interface SliceOptions {
  readonly starts: readonly number[]
  /** Excluded; beyond the end means to the end. */
  readonly ends: readonly number[]
  readonly axes: readonly number[]
  readonly steps?: readonly number[]
}

/** `x[start:end:step]` along `axes`. */
export function slice(g: GraphBuilder, x: Value, { starts, ends, axes, steps }: SliceOptions): Value {
  const indices = [g.int64s(starts, 'starts'), g.int64s(ends, 'ends'), g.int64s(axes, 'axes')]
  return g.op('Slice', [x, ...indices, steps === undefined ? undefined : g.int64s(steps, 'steps')])
}

/** Into parts of the lengths given, along `axis`. */
export const split = (g: GraphBuilder, x: Value, lengths: readonly number[], { axis = 0 } = {}): Value[] =>
  g.node('Split', [x, g.int64s(lengths, 'split')], { attributes: { axis: int(axis) }, outputs: lengths.length })

export const squeeze = (g: GraphBuilder, x: Value, axes: readonly number[]): Value =>
  g.op('Squeeze', [x, g.int64s(axes, 'axes')])

export const tile = (g: GraphBuilder, x: Value, repeats: Value): Value => g.op('Tile', [x, repeats])

/** Axis `i` of the result is axis `perm[i]` of `x`. */
export const transpose = (g: GraphBuilder, x: Value, { perm }: { perm: readonly number[] }): Value =>
  g.op('Transpose', [x], { attributes: { perm: ints(perm) } })

export const unsqueeze = (g: GraphBuilder, x: Value, axes: readonly number[]): Value =>
  g.op('Unsqueeze', [x, g.int64s(axes, 'axes')])
