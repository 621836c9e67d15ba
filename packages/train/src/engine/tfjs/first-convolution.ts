/**
 * The first convolution without the gradient of its input. tfjs-layers runs convolutions fused with their bias, and that operation's
 * gradient is of input, kernel and bias together (tfjs-core 4.22, ops/fused/conv2d.ts): for the pictures, which nobody trains, a
 * tenth of a step of LeNet-5 in vain. Unfused, only the gradients that are wanted are computed.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import type { LayersModel, layers } from '@tensorflow/tfjs-layers'
import type { Tfjs } from '../../tfjs/tfjs.js'

/** What we read of tfjs's Conv2D layer (layers/convolutional.ts). */
interface Convolution extends layers.Layer {
  readonly kernel: { read(): Tensor4D }
  readonly bias: { read(): Tensor } | null
  readonly strides: [number, number]
  readonly dilationRate: [number, number]
  readonly padding: 'same' | 'valid'
  readonly dataFormat: string
  readonly activation: { apply(x: Tensor): Tensor } | null
}

/** Does nothing where the first layer with weights is of another kind. */
export function leaveFirstInputAlone({ core }: Tfjs, model: LayersModel): void {
  const first = model.layers.find(({ weights }) => weights.length > 0)
  if (first?.getClassName() !== 'Conv2D') return
  const { kernel, bias, strides, padding, dilationRate, dataFormat, activation } = first as Convolution
  if (dataFormat !== 'channelsLast') return
  first.call = (inputs) =>
    core.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor4D
      const product = core.conv2d(x, kernel.read(), strides, padding, 'NHWC', dilationRate)
      const biased = bias === null ? product : core.add(product, bias.read())
      return activation === null ? biased : activation.apply(biased)
    })
}
