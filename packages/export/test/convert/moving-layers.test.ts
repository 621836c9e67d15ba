import { accepted, cases } from '../support/cases.js'
import { L } from '../support/tfjs.js'

const channelsFirst = 'channelsFirst' as const

cases('A layer that moves numbers moves them as tfjs does', [
  ['Flatten', [3, 4, 2], () => L.flatten()],
  ['Flatten channels first', [2, 3, 4], () => L.flatten({ dataFormat: channelsFirst })],
  ['Reshape', [3, 4, 2], () => L.reshape({ targetShape: [6, 4] })],
  ['Reshape with an unknown size', [3, 4, 2], () => L.reshape({ targetShape: [2, null as unknown as number, 3] })],
  ['Reshape of a map', [3, 4, 2], () => [L.conv2d({ filters: 2, kernelSize: 1 }), L.reshape({ targetShape: [12, 2] })]],
  ['Permute', [3, 4, 2], () => L.permute({ dims: [3, 1, 2] })],
  ['Permute of a map', [3, 4, 2], () => [L.conv2d({ filters: 5, kernelSize: 1 }), L.permute({ dims: [2, 1, 3] })]],
  ['RepeatVector', [5], () => L.repeatVector({ n: 3 })],
  [
    'ZeroPadding2D',
    [3, 4, 2],
    () =>
      L.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
  ],
  ['ZeroPadding2D with one number', [3, 4, 2], () => L.zeroPadding2d({ padding: 2 })],
  ['ZeroPadding2D with two', [3, 4, 2], () => L.zeroPadding2d({ padding: [2, 1] })],
  [
    'ZeroPadding2D channels first',
    [2, 3, 4],
    () =>
      L.zeroPadding2d({
        padding: [
          [1, 0],
          [2, 1],
        ],
        dataFormat: channelsFirst,
      }),
  ],
  [
    'Cropping2D',
    [6, 7, 2],
    () =>
      L.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      }),
  ],
  [
    'Cropping2D channels first',
    [2, 6, 7],
    () =>
      L.cropping2D({
        cropping: [
          [0, 1],
          [2, 0],
        ],
        dataFormat: channelsFirst,
      }),
  ],
  [
    'Cropping2D of dynamic size',
    [null, null, 2],
    () =>
      L.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      }),
    { sizes: [6, 7] },
  ],
  ['UpSampling2D', [3, 4, 2], () => L.upSampling2d({ size: [2, 3] })],
  ['UpSampling2D bilinear', [3, 4, 2], () => L.upSampling2d({ size: [2, 3], interpolation: 'bilinear' })],
  ['UpSampling2D channels first', [2, 3, 4], () => L.upSampling2d({ size: [2, 2], dataFormat: channelsFirst })],
  ['UpSampling2D of dynamic size', [null, null, 2], () => L.upSampling2d({ size: [2, 2] }), { sizes: [3, 4] }],
])

cases('A layer for training alone changes nothing', [
  ['Dropout', [5], () => L.dropout({ rate: 0.5 })],
  ['SpatialDropout1D', [4, 5], () => L.spatialDropout1d({ rate: 0.5 })],
  ['GaussianNoise', [5], () => L.gaussianNoise({ stddev: 1 })],
  ['GaussianDropout', [5], () => L.gaussianDropout({ rate: 0.5 })],
  ['AlphaDropout', [5], () => L.alphaDropout({ rate: 0.5 })],
])

accepted()
