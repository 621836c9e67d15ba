/** Layers that pad, crop and resize pictures (tfjs-layers 4.22, padding.ts, convolutional.ts, preprocessing/). */
import type { Value } from '../../graph/builder.js'
import { add, mul, pad, resize, slice } from '../../graph/ops/index.js'
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
type Interpolation = 'nearest' | 'bilinear'

/**
 * tfjs's resizeBilinear and resizeNearestNeighbor: with alignCorners the corner pixels' centres fall on each other; without,
 * output pixel i samples at i × in / out. Nearest rounds half up with alignCorners, else takes the floor.
 */
function resized(
  call: LayerCall,
  input: SpatialInput,
  sizes: readonly number[],
  mode: Interpolation,
  by: Coordinates,
): Value {
  const { g } = call
  const nearest = by === 'align_corners' ? ('round_prefer_ceil' as const) : ('floor' as const)
  const options = {
    mode: mode === 'bilinear' ? ('linear' as const) : ('nearest' as const),
    coordinateTransformationMode: by,
    ...(mode === 'nearest' ? { nearestMode: nearest } : {}),
  }
  return resize(g, input.x, sizes, options)
}

/** tfjs's Resizing layer calls resizeBilinear with alignCorners = !cropToAspectRatio, and crops nothing (image_resizing.ts). */
const resizing: LayerHandler = (call) => {
  const { config } = call
  const input = spatialInput(call, 2)
  const mode = config.choice('interpolation', ['bilinear', 'nearest'], 'bilinear')
  const by = config.boolean('crop_to_aspect_ratio', false) ? 'asymmetric' : 'align_corners'
  return input.output(resized(call, input, [config.integer('height'), config.integer('width')], mode, by))
}

/** Our own layer: bilinear with half-pixel centres, what torchvision's Resize does when it enlarges. */
const halfPixelResizing: LayerHandler = (call) => {
  const { config } = call
  const input = spatialInput(call, 2)
  const sizes = [config.integer('height'), config.integer('width')]
  return input.output(resized(call, input, sizes, 'bilinear', 'half_pixel'))
}

const upSampling: LayerHandler = (call) => {
  const { config } = call
  const input = spatialInput(call, 2)
  const factors = config.sizes('size', 2, 2)
  const mode = config.choice('interpolation', ['nearest', 'bilinear'], 'nearest')
  const sizes = input.spatial.map((size, axis) => {
    if (typeof size !== 'number')
      throw config.unsupported(`a dynamic input size (${size}); give the model's input its size`)
    return size * (factors[axis] ?? 1)
  })
  return input.output(resized(call, input, sizes, mode, 'asymmetric'))
}

/** x × scale + offset, on numbers of any layout. */
const rescaling: LayerHandler = (call) => {
  const { g, config } = call
  const feature = call.input()
  const scaled = mul(g, feature.value, g.scalar(config.number('scale'), 'scale'))
  const offset = config.number('offset', 0)
  return { ...feature, value: offset === 0 ? scaled : add(g, scaled, g.scalar(offset, 'offset')) }
}

export const IMAGE_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  ZeroPadding2D: zeroPadding,
  Cropping2D: cropping,
  Resizing: resizing,
  UpSampling2D: upSampling,
  Rescaling: rescaling,
  HalfPixelResizing: halfPixelResizing,
  'MnistOnnx>HalfPixelResizing': halfPixelResizing,
}
