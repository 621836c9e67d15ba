/** Convolutions: Conv1D, Conv2D, Conv3D, DepthwiseConv2D, SeparableConv2D (tfjs-layers 4.22, convolutional.ts). */
import type { Value } from '../../graph/builder.js'
import { conv } from '../../graph/ops/index.js'
import { channelsFirstFeature } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'
import { paddedInput } from '../padding.js'
import { transposedLayout } from '../weight-binding.js'
import { withActivation } from './activations.js'
import { spatialInput } from './spatial.js'

/** […kernel, in, out] → [out, in, …kernel] */
function kernelOrder(rank: number): number[] {
  return [rank + 1, rank, ...Array.from({ length: rank }, (_, axis) => axis)]
}

/** A convolution layer with `rank` spatial axes. */
function convolution(rank: number): LayerHandler {
  return (call) => {
    const { config, g } = call
    const { x, channels, output } = spatialInput(call, rank)
    const filters = config.size('filters')
    const kernel = config.sizes('kernel_size', rank)
    const strides = config.sizes('strides', rank, 1)
    const dilations = config.sizes('dilation_rate', rank, 1)
    // Keras's; tfjs has no groups, and refuses the weights of a layer that has.
    const group = config.size('groups', 1)
    if (channels % group !== 0 || filters % group !== 0) {
      throw config.invalid('groups', `a divisor of ${channels} channels and ${filters} filters`, group)
    }
    const shape = [...kernel, channels / group, filters]
    const w = call.weight('kernel', { as: 'weight', shape, layout: transposedLayout(shape, kernelOrder(rank)) }) // HWIO -> OIHW
    const input = paddedInput(call, x, { kernel, strides, dilations })
    const options = { kernelShape: kernel, strides, pads: input.pads, dilations, group }
    const y = conv(g, [input.x, w, bias(call, filters)], options)
    // tfjs's Conv1D turns channels_first to channels last, and does not turn its result back (conv1dWithBias).
    return withActivation(call, rank === 1 ? channelsFirstFeature(y) : output(y))
  }
}

/**
 * One group of `depth_multiplier` filters for each channel. tfjs's layer reads dilation_rate and does not apply it
 * (convolutional_depthwise.ts passes null), so neither does this.
 */
const depthwise: LayerHandler = (call) => {
  const { config, g } = call
  const { x, channels, output } = spatialInput(call, 2)
  const kernel = config.sizes('kernel_size', 2)
  const strides = config.sizes('strides', 2, 1)
  const w = depthwiseKernel(call, kernel, channels)
  const filters = channels * depthMultiplier(call)
  const input = paddedInput(call, x, { kernel, strides })
  const options = { kernelShape: kernel, strides, pads: input.pads, group: channels }
  return withActivation(call, output(conv(g, [input.x, w, bias(call, filters)], options)))
}

/** A depthwise convolution, and a 1×1 convolution of its result. */
const separable: LayerHandler = (call) => {
  const { config, g } = call
  const { x, channels, output } = spatialInput(call, 2)
  const kernel = config.sizes('kernel_size', 2)
  const strides = config.sizes('strides', 2, 1)
  const dilations = config.sizes('dilation_rate', 2, 1)
  const filters = config.size('filters')
  if (!config.channelsLast() && config.boolean('use_bias', true)) {
    // SeparableConv.call adds the bias along axis 1 of what is [N, H, W, C] there.
    throw config.unsupported(
      'data_format channels_first with a bias, which tfjs adds along the height; set use_bias to false',
    )
  }
  const between = channels * depthMultiplier(call)
  const w = depthwiseKernel(call, kernel, channels, 'depthwise.weight')
  const input = paddedInput(call, x, { kernel, strides, dilations })
  const middle = conv(g, [input.x, w], { kernelShape: kernel, strides, pads: input.pads, dilations, group: channels })
  const shape = [1, 1, between, filters]
  const pointwise = call.weight('pointwise_kernel', {
    as: 'pointwise.weight',
    shape,
    layout: transposedLayout(shape, kernelOrder(2)), // HWIO -> OIHW
  })
  const y = conv(g, [middle, pointwise, bias(call, filters)], { kernelShape: [1, 1] })
  // tfjs applies the activation while the channels are last, also with channels_first.
  return output(withActivation(call, channelsFirstFeature(y)).value)
}

/** [kh, kw, channels, multiplier] → [channels × multiplier, 1, kh, kw] */
function depthwiseKernel(call: LayerCall, kernel: readonly number[], channels: number, as = 'weight'): Value {
  const multiplier = depthMultiplier(call)
  const shape = [...kernel, channels, multiplier]
  return call.weight('depthwise_kernel', {
    as,
    shape,
    layout: { reshape: shape, transpose: [2, 3, 0, 1], shape: [channels * multiplier, 1, ...kernel] },
  })
}

/** tfjs's SeparableConv2D does not save its own: then the kernel says it. */
function depthMultiplier(call: LayerCall): number {
  return call.config.size('depth_multiplier', call.weightShape('depthwise_kernel')?.[3] ?? 1)
}

/** [filters], where the layer has one. */
export function bias(call: LayerCall, filters: number): Value | undefined {
  return call.config.boolean('use_bias', true) ? call.weight('bias', { as: 'bias', shape: [filters] }) : undefined
}

export const CONVOLUTION_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Conv3D: convolution(3),
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
}
