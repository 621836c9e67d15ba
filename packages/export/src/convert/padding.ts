/** tfjs's `padding` of convolutions and pools as explicit ONNX pads (auto_pad has wrong kernels, see constants). */
import type { GraphBuilder, Value } from '../graph/builder.js'
import { add, concat, div, max, mul, pad, shapeOf, sub } from '../graph/ops/index.js'
import type { Shape } from '../onnx/model.js'
import type { LayerConfig } from './layer-config.js'

export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations?: readonly number[]
}

/** An input of a window, and the pads that the window's operator is to have. */
export interface PaddedInput {
  /** [N, C, …spatial] */
  readonly x: Value
  /** [begin…, end…] */
  readonly pads: readonly number[]
  /** Whether `x` is a larger copy of the input, since its sizes are known at run time only. */
  readonly copied: boolean
}

/** How the layer's window is padded; a copy is filled with `fill`. */
export function paddedInput(
  { g, config }: { readonly g: GraphBuilder; readonly config: LayerConfig },
  x: Value,
  window: Window & { readonly fill?: number },
): PaddedInput {
  const pads = windowPads(config, x.shape.slice(2), window)
  if (pads !== undefined) return { x, pads, copied: false }
  const fill = window.fill === undefined ? undefined : g.scalar(window.fill, 'fill')
  const copy = pad(g, x, runTimePads(g, x, window), fill)
  return { x: copy, pads: window.kernel.flatMap(() => [0, 0]), copied: true }
}

/**
 * Pads [begin…, end…] of a window that slides over `spatial`. `same` gives ceil(in / stride) outputs: in total
 * max((out − 1) × stride + (kernel − 1) × dilation + 1 − in, 0), of which the end takes the odd one
 * (TensorFlow's tf.nn.convolution). With stride 1 this does not depend on the size; otherwise undefined where a size is dynamic.
 */
function windowPads(config: LayerConfig, spatial: Shape, window: Window): number[] | undefined {
  const { kernel, strides } = window
  const padding = config.choice('padding', ['valid', 'same', 'causal'], 'valid')
  if (padding === 'valid') return kernel.flatMap(() => [0, 0])
  const pairs: (readonly [number, number])[] = []
  for (const [axis, span] of spans(window).entries()) {
    const stride = strides[axis] ?? 1
    const size = spatial[axis]
    if (padding === 'causal') pairs.push([span, 0])
    else if (stride === 1) pairs.push(halves(span))
    else if (typeof size !== 'number') return undefined
    else pairs.push(halves(Math.max((Math.ceil(size / stride) - 1) * stride + span + 1 - size, 0)))
  }
  return [...pairs.map(([begin]) => begin), ...pairs.map(([, end]) => end)]
}

/** The formula of `windowPads` as a graph: [0, 0, begin…, 0, 0, end…]. */
function runTimePads(g: GraphBuilder, x: Value, window: Window): Value {
  const strides = g.int64s(window.strides, 'strides')
  const one = g.int64s([1], 'one')
  const sizes = shapeOf(g, x, { start: 2 })
  // ceil(in / stride) in integers
  const outputs = div(
    g,
    add(
      g,
      sizes,
      g.int64s(
        window.strides.map((stride) => stride - 1),
        'strides_less_one',
      ),
    ),
    strides,
  )
  const reach = add(
    g,
    mul(g, sub(g, outputs, one), strides),
    g.int64s(
      spans(window).map((span) => span + 1),
      'spans',
    ),
  )
  const total = max(g, sub(g, reach, sizes), g.int64s([0], 'zero'))
  const begin = div(g, total, g.int64s([2], 'two'))
  const none = g.int64s([0, 0], 'none')
  return concat(g, [none, begin, none, sub(g, total, begin)], { axis: 0 })
}

/** Distance from the first to the last pixel of the window. */
function spans({ kernel, dilations }: Window): number[] {
  return kernel.map((length, axis) => (length - 1) * (dilations?.[axis] ?? 1))
}

function halves(total: number): readonly [number, number] {
  const begin = Math.floor(total / 2)
  return [begin, total - begin]
}
