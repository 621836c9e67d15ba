/**
 * Conv2DTranspose and Conv3DTranspose (tfjs-layers 4.22, convolutional.ts): the gradient of a convolution with respect to its input,
 * of which tfjs fixes the output length: in × stride with `same`, in × stride + max(kernel − stride, 0) with `valid`.
 */
import { convTranspose } from '../../graph/ops/index.js'
import type { LayerHandler } from '../layer-call.js'
import { transposedLayout } from '../weight-binding.js'
import { withActivation } from './activations.js'
import { bias } from './convolution.js'
import { spatialInput } from './spatial.js'

/**
 * ONNX's ConvTranspose has (in − 1) × stride + kernel − pads + output_padding, so that `same` needs pads of kernel − stride, of
 * which the end takes the odd one as in the convolution, and a kernel shorter than the stride needs what it lacks at the end.
 * tfjs reads dilation_rate and does not apply it.
 */
function transposedConvolution(rank: number): LayerHandler {
  return (call) => {
    const { config, g } = call
    const { x, channels, output } = spatialInput(call, rank)
    const filters = config.size('filters')
    const kernel = config.sizes('kernel_size', rank)
    const strides = config.sizes('strides', rank, 1)
    const same = config.choice('padding', ['valid', 'same'], 'valid') === 'same'
    const shape = [...kernel, filters, channels]
    const order = [rank + 1, rank, ...kernel.map((_, axis) => axis)]
    const w = call.weight('kernel', { as: 'weight', shape, layout: transposedLayout(shape, order) }) // HWOI -> IOHW
    const overlaps = kernel.map((length, axis) => length - (strides[axis] ?? 1))
    const totals = overlaps.map((overlap) => (same ? Math.max(overlap, 0) : 0))
    const begins = totals.map((total) => Math.floor(total / 2))
    const ends = totals.map((total, axis) => total - (begins[axis] ?? 0))
    const outputPadding = overlaps.map((overlap) => Math.max(-overlap, 0))
    const options = { kernelShape: kernel, strides, pads: [...begins, ...ends], outputPadding }
    return withActivation(call, output(convTranspose(g, [x, w, bias(call, filters)], options)))
  }
}

export const TRANSPOSED_CONVOLUTION_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  Conv2DTranspose: transposedConvolution(2),
  Conv3DTranspose: transposedConvolution(3),
}
