/**
 * LeNet-5 (LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998), in the modern reading:
 * full connections, average pools without weights, ten logits.
 *
 * | layer  | output      | parameters |
 * |--------|-------------|-----------:|
 * | image  | 28×28×1     |            |
 * | conv1  | 28×28×6     |        156 |
 * | pool1  | 14×14×6     |            |
 * | conv2  | 10×10×16    |      2,416 |
 * | pool2  | 5×5×16      |            |
 * | fc1    | 120         |     48,120 |
 * | fc2    | 84          |     10,164 |
 * | fc3    | 10          |        850 |
 * | all    |             |     61,706 |
 */
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers'
import { CLASSES } from 'mnist-infer/mnist'
import type { Tfjs } from '../tfjs/tfjs.js'
import { type Activation, averagePool, convolution, dense, flatten, imageInput } from './layers.js'

/** What its variants change. */
export interface LeNetShape {
  /** Height and width of every kernel. */
  readonly kernel: number
  /** Output channels of each convolution; each is followed by a 2×2 average pool. */
  readonly channels: readonly number[]
  /** Units of each dense layer before the logits. */
  readonly hidden: readonly number[]
  /** After every convolution and hidden dense layer. */
  readonly activation: Activation
}

export const LENET5: LeNetShape = { kernel: 5, channels: [6, 16], hidden: [120, 84], activation: 'sigmoid' }

/** Zeros around the picture: the first convolution of 5×5 keeps 28×28, as LeNet's 32×32 pictures had it. */
const FIRST_PAD = 2

/** The network, weights all zero: `image` [N, 28, 28, 1] → logits [N, 10]. */
export function lenet(tf: Tfjs, { kernel, channels, hidden, activation }: LeNetShape): LayersModel {
  const image = imageInput(tf)
  let x: SymbolicTensor = image
  for (const [index, filters] of channels.entries()) {
    const pad = index === 0 ? FIRST_PAD : 0
    x = convolution(tf, x, { name: `conv${index + 1}`, filters, kernel, pad, activation })
    x = averagePool(tf, x, { name: `pool${index + 1}`, size: 2, stride: 2 })
  }
  x = flatten(tf, x)
  for (const [index, units] of hidden.entries()) x = dense(tf, x, { name: `fc${index + 1}`, units, activation })
  const logits = dense(tf, x, { name: `fc${hidden.length + 1}`, units: CLASSES })
  return tf.layers.model({ inputs: image, outputs: logits, name: 'lenet' })
}
