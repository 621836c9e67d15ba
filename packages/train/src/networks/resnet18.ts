/**
 * ResNet-18 (He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2015) for ten digits, the picture enlarged to 96×96
 * inside the network. Shortcuts that change the shape are 1×1 convolutions with a bias and without batch normalization.
 *
 * | stage   | layers                            | output    | parameters |
 * |---------|-----------------------------------|-----------|-----------:|
 * | resize  | bilinear                          | 96×96×1   |            |
 * | stem    | conv 7, stride 2, pad 3; BN       | 48×48×64  |      3,328 |
 * | pool    | max 3, stride 2, pad 1            | 24×24×64  |            |
 * | stage1  | two blocks                        | 24×24×64  |    148,224 |
 * | stage2  | two blocks, the first at stride 2 | 12×12×128 |    525,952 |
 * | stage3  | two blocks, the first at stride 2 | 6×6×256   |  2,100,480 |
 * | stage4  | two blocks, the first at stride 2 | 3×3×512   |  8,395,264 |
 * | gap, fc | global average, dense             | 10        |      5,130 |
 * | all     |                                   |           | 11,178,378 |
 *
 * and 7,808 running statistics, which are not trained.
 */
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers'
import { CLASSES } from 'mnist-infer/mnist'
import type { Tfjs } from '../tfjs/tfjs.js'
import {
  batchNormalization,
  convolution,
  dense,
  globalAveragePool,
  imageInput,
  maxPool,
  relu,
  resize,
  sum,
  zeroPadding,
} from './layers.js'

/** What can be narrowed for tests that need the same kinds of layer in less time. */
export interface ResNetShape {
  /** Height and width that the picture is enlarged to. */
  readonly size: number
  /** Channels of each stage; the stem has the first stage's. */
  readonly channels: readonly number[]
  readonly blocksPerStage: number
}

export const RESNET18: ResNetShape = { size: 96, channels: [64, 128, 256, 512], blocksPerStage: 2 }

/** The network, weights all zero: `image` [N, 28, 28, 1] → logits [N, 10]. */
export function resnet(tf: Tfjs, { size, channels, blocksPerStage }: ResNetShape): LayersModel {
  const image = imageInput(tf)
  let x: SymbolicTensor = resize(tf, image, size)
  x = convolution(tf, x, { name: 'stem', filters: channels[0] ?? 0, kernel: 7, stride: 2, pad: 3 })
  x = relu(tf, batchNormalization(tf, x, 'stem_bn'), 'stem_relu')
  // After a ReLU, a zero is never above the maximum: padding with zeros is padding with -∞.
  x = zeroPadding(tf, x, { name: 'pool_pad', pad: 1 })
  x = maxPool(tf, x, { name: 'pool', size: 3, stride: 2 })
  let before = channels[0]
  for (const [stage, filters] of channels.entries()) {
    for (let block = 0; block < blocksPerStage; block++) {
      const name = `stage${stage + 1}_block${block + 1}`
      x = residualBlock(tf, x, { name, filters, stride: stage > 0 && block === 0 ? 2 : 1, project: filters !== before })
      before = filters
    }
  }
  x = globalAveragePool(tf, x, 'gap')
  const logits = dense(tf, x, { name: 'fc', units: CLASSES })
  return tf.layers.model({ inputs: image, outputs: logits, name: 'resnet' })
}

interface BlockOptions {
  readonly name: string
  readonly filters: number
  readonly stride: number
  /** The shortcut is a 1×1 convolution instead of the identity. */
  readonly project: boolean
}

/** relu(BN(conv(relu(BN(conv(x))))) + shortcut(x)): [N, H, W, C] → [N, H / stride, W / stride, filters] */
function residualBlock(tf: Tfjs, x: SymbolicTensor, { name, filters, stride, project }: BlockOptions): SymbolicTensor {
  let y = convolution(tf, x, { name: `${name}_conv1`, filters, kernel: 3, stride, pad: 1 })
  y = relu(tf, batchNormalization(tf, y, `${name}_bn1`), `${name}_relu1`)
  y = convolution(tf, y, { name: `${name}_conv2`, filters, kernel: 3, pad: 1 })
  y = batchNormalization(tf, y, `${name}_bn2`)
  const shortcut = project ? convolution(tf, x, { name: `${name}_shortcut`, filters, kernel: 1, stride }) : x
  return relu(tf, sum(tf, [y, shortcut], `${name}_sum`), `${name}_relu2`)
}
