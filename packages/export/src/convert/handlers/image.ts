/** Layers that pad, crop and resize pictures (tfjs-layers 4.22, padding.ts, convolutional.ts, preprocessing/). */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { add, cast, gather, mul, pad, resize, slice } from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'
import { type SpatialInput, spatialInput } from './spatial.js'

const zeroPadding: LayerHandler = (call) => {
  const { g, config } = call
  const { x, output } = spatialInput(call, 2)
  const [[top, bottom], [left, right]] = config.margins('padding', 2, 1) as [[number, number], [number, number]]
  return output(pad(g, x, g.int64s([0, 0, top, left, 0, 0, bottom, right], 'pads')))
}

const cropping: LayerHandler = (call) => {
  const { g, config } = call
  const { x, spatial, output } = spatialInput(call, 2)
  const margins = config.margins('cropping', 2, 0)
  const ends = margins.map(([, after], axis) => {
    const size = spatial[axis]
    // A negative end counts from the end, but -0 would be the beginning.
    return after > 0 ? -after : typeof size === 'number' ? size : Number.MAX_SAFE_INTEGER
  })
  const starts = margins.map(([before]) => before)
  return output(slice(g, x, { starts, ends, axes: [2, 3] }))
}

type Coordinates = 'half_pixel' | 'align_corners' | 'asymmetric'

/** Bilinear: with align_corners the corner pixels' centres fall on each other; asymmetric samples pixel i at i × in / out. */
function bilinear(g: GraphBuilder, x: Value, to: { readonly sizes: readonly number[] }, by: Coordinates): Value {
  return resize(g, x, to, { mode: 'linear', coordinateTransformationMode: by })
}

/** [N, C, H, W] with the rows and columns of those indices. */
function picked(g: GraphBuilder, x: Value, indices: readonly (readonly number[])[]): Value {
  return indices.reduce((value, list, axis) => gather(g, value, g.int64s(list, 'indices'), { axis: axis + 2 }), x)
}

/** The sizes of a picture that must be known when the model is converted. */
function knownSizes({ config }: LayerCall, { spatial }: SpatialInput): number[] {
  return spatial.map((size) => {
    if (typeof size === 'number') return size
    throw config.unsupported(`a dynamic input size (${size}); give the model's input its size`)
  })
}

/**
 * tfjs's Resizing calls resizeBilinear or resizeNearestNeighbor with alignCorners = !cropToAspectRatio, and crops nothing
 * (image_resizing.ts). Keras has half-pixel centres there. Nearest: pixel i takes round(i × (in − 1) / (out − 1)), or without
 * alignCorners floor(i × in / out), in double precision, which ONNX Runtime's Resize does not have: rows and columns are picked.
 */
const resizing: LayerHandler = (call) => {
  const { config, g } = call
  const input = spatialInput(call, 2, true)
  const sizes = pictureSize(call)
  const alignCorners = !config.boolean('crop_to_aspect_ratio', false)
  if (config.choice('interpolation', ['bilinear', 'nearest'], 'bilinear') === 'bilinear') {
    return input.output(bilinear(g, input.x, { sizes }, alignCorners ? 'align_corners' : 'asymmetric'))
  }
  const indices = knownSizes(call, input).map((from, axis) => {
    const to = sizes[axis] ?? 1
    const corners = alignCorners && to > 1
    const ratio = corners ? (from - 1) / (to - 1) : from / to
    const rounded = alignCorners ? Math.round : Math.floor
    return Array.from({ length: to }, (_, index) => Math.min(from - 1, rounded(index * ratio)))
  })
  return input.output(picked(g, input.x, indices))
}

/** Our own layer: bilinear with half-pixel centres, what torchvision's Resize does when it enlarges. */
const halfPixelResizing: LayerHandler = (call) => {
  const input = spatialInput(call, 2)
  return input.output(bilinear(call.g, input.x, { sizes: pictureSize(call) }, 'half_pixel'))
}

/** Rows and columns repeated, or bilinear between them from the corner on; of any size, also a dynamic one. */
const upSampling: LayerHandler = (call) => {
  const { config, g } = call
  const input = spatialInput(call, 2)
  const scales = config.sizes('size', 2, 2)
  const mode = config.choice('interpolation', ['nearest', 'bilinear'], 'nearest')
  const nearest = { mode: 'nearest', coordinateTransformationMode: 'asymmetric', nearestMode: 'floor' } as const
  const linear = { mode: 'linear', coordinateTransformationMode: 'asymmetric' } as const
  return input.output(resize(g, input.x, { scales }, mode === 'nearest' ? nearest : linear))
}

/**
 * tfjs's CenterCrop cuts a box of height × width, of which it samples the nearest pixels from edge to edge as cropAndResize does, in
 * float32: not always the pixels one after the other. A picture smaller than the crop is enlarged instead (center_crop.ts).
 */
const centerCrop: LayerHandler = (call) => {
  const { g } = call
  const input = spatialInput(call, 2, true)
  const from = knownSizes(call, input)
  const to = pictureSize(call)
  const offsets = from.map((size, axis) => {
    const offset = Math.floor((size - (to[axis] ?? 0)) / 2)
    // A column too many to the left: tfjs moves a box that would begin at the first column (not row) by one.
    return axis === 1 && size !== to[axis] && offset === 0 ? 1 : offset
  })
  if (offsets.some((offset) => offset < 0)) return input.output(bilinear(g, input.x, { sizes: to }, 'asymmetric'))
  const indices = from.map((size, axis) => cropIndices(size, to[axis] ?? 1, offsets[axis] ?? 0))
  const inside = indices.every((list, axis) => list.every((index) => index < (from[axis] ?? 0)))
  const x = inside ? input.x : pad(g, input.x, g.int64s([0, 0, 0, 0, 0, 0, 1, 1], 'pads'))
  return input.output(picked(g, x, indices))
}

/**
 * cropAndResize's nearest pixels of a box from `offset` to `offset + length`, which tfjs holds in float32 shares of the size. One
 * beyond the last, if by a rounding error only, is zero: index `size`.
 */
function cropIndices(size: number, length: number, offset: number): number[] {
  const start = Math.fround(offset / size)
  const end = Math.fround((length + offset) / size)
  const step = length > 1 ? ((end - start) * (size - 1)) / (length - 1) : 0
  return Array.from({ length }, (_, index) => {
    const at = length > 1 ? start * (size - 1) + index * step : 0.5 * (start + end) * (size - 1)
    return at > size - 1 ? size : Math.round(at)
  })
}

/** Sides up to this: no picture is larger, and a wrong number must not exhaust the memory. */
const MAX_SIDE = 65_536

/** [height, width] */
function pictureSize({ config }: LayerCall): number[] {
  return ['height', 'width'].map((key) => {
    const size = config.size(key)
    if (size > MAX_SIDE) throw config.invalid(key, `at most ${MAX_SIDE}`, size)
    return size
  })
}

/** x × scale + offset, on numbers of any layout. */
const rescaling: LayerHandler = (call) => {
  const { g, config } = call
  const feature = call.input()
  const scaled = mul(g, cast(g, feature.value, DataType.FLOAT), g.scalar(config.number('scale'), 'scale'))
  const offset = config.number('offset', 0)
  return { ...feature, value: offset === 0 ? scaled : add(g, scaled, g.scalar(offset, 'offset')) }
}

export const IMAGE_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  ZeroPadding2D: zeroPadding,
  Cropping2D: cropping,
  Resizing: resizing,
  CenterCrop: centerCrop,
  UpSampling2D: upSampling,
  Rescaling: rescaling,
  HalfPixelResizing: halfPixelResizing,
  'MnistOnnx>HalfPixelResizing': halfPixelResizing,
}
