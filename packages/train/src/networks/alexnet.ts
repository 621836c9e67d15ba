/**
 * AlexNet (Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012) for ten digits: one
 * tower, no local response normalisation, the picture enlarged to 224×224 inside the network.
 *
 * | layer   | kernel, stride, pad | output     | parameters |
 * |---------|---------------------|------------|-----------:|
 * | resize  | bilinear            | 224×224×1  |            |
 * | conv1   | 11, 4, 1            | 54×54×96   |     11,712 |
 * | pool1   | 3, 2                | 26×26×96   |            |
 * | conv2   | 5, 1, 2             | 26×26×256  |    614,656 |
 * | pool2   | 3, 2                | 12×12×256  |            |
 * | conv3   | 3, 1, 1             | 12×12×384  |    885,120 |
 * | conv4   | 3, 1, 1             | 12×12×384  |  1,327,488 |
 * | conv5   | 3, 1, 1             | 12×12×256  |    884,992 |
 * | pool5   | 3, 2                | 5×5×256    |            |
 * | fc6     | dropout ½           | 4096       | 26,218,496 |
 * | fc7     | dropout ½           | 4096       | 16,781,312 |
 * | fc8     |                     | 10         |     40,970 |
 * | all     |                     |            | 46,764,746 |
 */
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers'
import { CLASSES } from 'mnist-infer/mnist'
import type { Tfjs } from '../tfjs/tfjs.js'
import { convolution, dense, dropout, flatten, imageInput, maxPool, resize } from './layers.js'

/** What can be narrowed for tests that need the same kinds of layer in less time. */
export interface AlexNetShape {
  /** Height and width that the picture is enlarged to; 65 at the least, or the last pool has nothing to pool. */
  readonly size: number
  /** Output channels of the five convolutions. */
  readonly channels: readonly [number, number, number, number, number]
  /** Units of each of the two hidden dense layers. */
  readonly hidden: number
  /** Share of the hidden units that are dropped in training; default ½. */
  readonly dropout?: number
}

export const ALEXNET: AlexNetShape = { size: 224, channels: [96, 256, 384, 384, 256], hidden: 4096 }

/** Every pool is 3×3 at stride 2, overlapping, as the article has it. */
const POOL = { size: 3, stride: 2 } as const

/** The network, weights all zero: `image` [N, 28, 28, 1] → logits [N, 10]. */
export function alexnet(tf: Tfjs, { size, channels, hidden, dropout: rate = 0.5 }: AlexNetShape): LayersModel {
  const [c1, c2, c3, c4, c5] = channels
  const activation = 'relu'
  const image = imageInput(tf)
  let x: SymbolicTensor = resize(tf, image, size)
  x = convolution(tf, x, { name: 'conv1', filters: c1, kernel: 11, stride: 4, pad: 1, activation })
  x = maxPool(tf, x, { name: 'pool1', ...POOL })
  x = convolution(tf, x, { name: 'conv2', filters: c2, kernel: 5, pad: 2, activation })
  x = maxPool(tf, x, { name: 'pool2', ...POOL })
  x = convolution(tf, x, { name: 'conv3', filters: c3, kernel: 3, pad: 1, activation })
  x = convolution(tf, x, { name: 'conv4', filters: c4, kernel: 3, pad: 1, activation })
  x = convolution(tf, x, { name: 'conv5', filters: c5, kernel: 3, pad: 1, activation })
  x = maxPool(tf, x, { name: 'pool5', ...POOL })
  x = flatten(tf, x)
  for (const number of [6, 7]) {
    x = dense(tf, x, { name: `fc${number}`, units: hidden, activation })
    x = dropout(tf, x, { name: `dropout${number}`, rate })
  }
  const logits = dense(tf, x, { name: 'fc8', units: CLASSES })
  return tf.layers.model({ inputs: image, outputs: logits, name: 'alexnet' })
}
