/** Small networks of the kinds that people publish, with their real structure: for what must hold of whole networks. */
import { drawn } from './cases.js'
import { L, type Model, on, type Symbolic, tfl } from './tfjs.js'

function conv(x: Symbolic, filters: number, kernelSize: number, strides = 1): Symbolic {
  return on(L.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false }), x)
}

function normalized(x: Symbolic, activation: 'relu' | 'relu6' = 'relu'): Symbolic {
  return on(L.activation({ activation }), on(L.batchNormalization({}), x))
}

function model(name: string, inputs: Symbolic, outputs: Symbolic | Symbolic[]): Model {
  return drawn(tfl.model({ inputs, outputs, name }))
}

/** VGG (Simonyan, Zisserman 2014): convolutions with bias, pools, flatten, dense layers with dropout. */
export function vgg(): Model {
  const input = tfl.input({ shape: [16, 16, 3] })
  let x = input
  for (const filters of [4, 6]) {
    for (let index = 0; index < 2; index++) {
      x = on(L.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' }), x)
    }
    x = on(L.maxPooling2d({}), x)
  }
  x = on(L.dropout({ rate: 0.5 }), on(L.dense({ units: 12, activation: 'relu' }), on(L.flatten(), x)))
  return model('vgg', input, on(L.dense({ units: 5, activation: 'softmax' }), x))
}

/** ResNet (He et al. 2015): zero padding before the stride, shortcuts with and without a convolution. */
export function resnet(): Model {
  const input = tfl.input({ shape: [20, 20, 3] })
  let x = on(L.zeroPadding2d({ padding: 3 }), input)
  x = normalized(on(L.conv2d({ filters: 4, kernelSize: 7, strides: 2 }), x))
  x = on(L.maxPooling2d({ poolSize: 3, strides: 2 }), on(L.zeroPadding2d({ padding: 1 }), x))
  for (const [filters, strides] of [
    [4, 1],
    [6, 2],
  ] as const) {
    const shortcut = strides === 1 ? x : on(L.batchNormalization({}), conv(x, filters, 1, strides))
    const inner = normalized(conv(x, filters, 3, strides))
    x = on(L.reLU({}), on(L.add(), [on(L.batchNormalization({}), conv(inner, filters, 3)), shortcut]))
  }
  return model('resnet', input, on(L.dense({ units: 5 }), on(L.globalAveragePooling2d({}), x)))
}

/** MobileNet V1 and V3 (Howard et al.): depthwise convolutions, squeeze and excitation, a 1 × 1 convolution for the classes. */
export function mobilenet(): Model {
  const input = tfl.input({ shape: [17, 17, 3] })
  let x = normalized(conv(input, 4, 3, 2), 'relu6')
  for (const strides of [1, 2]) {
    x = normalized(on(L.depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false }), x), 'relu6')
    x = normalized(conv(x, 6, 1), 'relu6')
    let gate = on(L.reshape({ targetShape: [1, 1, 6] }), on(L.globalAveragePooling2d({}), x))
    gate = on(L.dense({ units: 3, activation: 'relu' }), gate)
    gate = on(L.conv2d({ filters: 6, kernelSize: 1, activation: 'hardSigmoid' }), gate)
    x = on(L.multiply(), [x, gate])
  }
  let y = on(L.reshape({ targetShape: [1, 1, 6] }), on(L.globalAveragePooling2d({}), x))
  y = on(L.conv2d({ filters: 5, kernelSize: 1 }), on(L.dropout({ rate: 0.1 }), y))
  return model('mobilenet', input, on(L.activation({ activation: 'softmax' }), on(L.reshape({ targetShape: [5] }), y)))
}

/** U-Net (Ronneberger et al. 2015): down, up by transposed convolutions and by resizing, skips concatenated; a map comes out. */
export function unet(): Model {
  const input = tfl.input({ shape: [16, 16, 2] })
  const first = normalized(conv(input, 3, 3))
  const second = normalized(conv(on(L.maxPooling2d({}), first), 4, 3))
  let x = normalized(conv(on(L.maxPooling2d({}), second), 5, 3))
  x = on(L.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }), x)
  x = conv(on(L.concatenate({ axis: -1 }), [x, second]), 4, 3)
  x = on(L.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }), x)
  x = on(L.leakyReLU({}), conv(on(L.concatenate({ axis: 3 }), [x, on(L.cropping2D({ cropping: 0 }), first)]), 4, 3))
  return model('unet', input, on(L.conv2d({ filters: 3, kernelSize: 1, activation: 'softmax' }), x))
}

/** Inception and DenseNet: branches of several kernels and an average pool, concatenated, batch normalization before the convolution. */
export function inception(): Model {
  const input = tfl.input({ shape: [12, 12, 3] })
  let x = input
  for (let block = 0; block < 2; block++) {
    const branches = [
      conv(x, 2, 1),
      conv(conv(x, 2, 1), 3, 3),
      on(L.separableConv2d({ filters: 2, kernelSize: 3, padding: 'same' }), x),
      conv(on(L.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' }), x), 2, 1),
    ]
    x = normalized(on(L.concatenate({}), [...branches, x]))
  }
  const pooled = on(L.flatten(), on(L.averagePooling2d({ poolSize: 3 }), x))
  return model('inception', input, on(L.dense({ units: 4 }), on(L.batchNormalization({}), pooled)))
}

/** ConvNeXt (Liu et al. 2022): normalization over the channels, dense layers on the map, GELU. */
export function convnext(): Model {
  const input = tfl.input({ shape: [12, 12, 3] })
  const stem = on(L.layerNormalization({}), on(L.conv2d({ filters: 4, kernelSize: 4, strides: 4 }), input))
  let x = on(L.depthwiseConv2d({ kernelSize: 3, padding: 'same' }), stem)
  x = on(L.layerNormalization({ epsilon: 1e-6 }), x)
  x = on(L.dense({ units: 4 }), on(L.activation({ activation: 'gelu' }), on(L.dense({ units: 8 }), x)))
  x = on(L.add(), [x, stem])
  return model('convnext', input, on(L.dense({ units: 4 }), on(L.globalAveragePooling2d({}), x)))
}

export const NETWORKS = { vgg, resnet, mobilenet, unet, inception, convnext }
