/** tfjs's `padding` of convolutions and pools as explicit ONNX pads (auto_pad has wrong kernels, see constants). */
import type { Shape } from '../onnx/model.js'
import type { LayerConfig } from './layer-config.js'

export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations?: readonly number[]
}

/**
 * Pads [begin…, end…] of a window that slides over `spatial`. `same` gives ceil(in / stride) outputs: in total
 * max((out − 1) × stride + (kernel − 1) × dilation + 1 − in, 0), of which the end takes the odd one
 * (TensorFlow's tf.nn.convolution). With stride 1 this does not depend on the size.
 */
export function windowPads(config: LayerConfig, spatial: Shape, { kernel, strides, dilations }: Window): number[] {
  if (config.choice('padding', ['valid', 'same', 'causal'], 'valid') === 'valid') return kernel.flatMap(() => [0, 0])
  const pairs = kernel.map((length, axis) => {
    const span = (length - 1) * (dilations?.[axis] ?? 1)
    const stride = strides[axis] ?? 1
    if (config.get('padding') === 'causal') return [span, 0] as const
    if (stride === 1) return halves(span)
    const size = spatial[axis]
    if (typeof size !== 'number') {
      throw config.unsupported(
        `padding same with stride ${stride} needs a fixed input size, found ${size}; give the model's input its size`,
      )
    }
    return halves(Math.max((Math.ceil(size / stride) - 1) * stride + span + 1 - size, 0))
  })
  return [...pairs.map(([begin]) => begin), ...pairs.map(([, end]) => end)]
}

function halves(total: number): readonly [number, number] {
  const begin = Math.floor(total / 2)
  return [begin, total - begin]
}
