import { accepted, cases } from '../support/cases.js'
import { L } from '../support/tfjs.js'

const same = 'same' as const
const channelsFirst = 'channelsFirst' as const

cases('A convolution computes what tfjs does', [
  ['1D', [11, 3], () => L.conv1d({ filters: 4, kernelSize: 3 })],
  [
    '1D with stride and same padding',
    [10, 3],
    () => L.conv1d({ filters: 4, kernelSize: 4, strides: 3, padding: same }),
  ],
  ['1D dilated', [13, 2], () => L.conv1d({ filters: 4, kernelSize: 3, dilationRate: 3, padding: same })],
  [
    '1D of dynamic length',
    [null, 2],
    () => L.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding: same }),
    { sizes: [9] },
  ],
  ['2D with a wide kernel', [7, 9, 3], () => L.conv2d({ filters: 5, kernelSize: [2, 4], activation: 'relu' })],
  ['2D, stride 2, same, odd size', [7, 9, 3], () => L.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: same })],
  [
    '2D, stride 2, same, even size',
    [8, 6, 3],
    () => L.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: same }),
  ],
  [
    '2D, strides that differ',
    [8, 9, 2],
    () => L.conv2d({ filters: 5, kernelSize: [5, 2], strides: [3, 2], padding: same }),
  ],
  ['2D, stride beyond the kernel', [8, 9, 2], () => L.conv2d({ filters: 3, kernelSize: 1, strides: 3, padding: same })],
  ['2D dilated', [9, 10, 2], () => L.conv2d({ filters: 3, kernelSize: 3, dilationRate: [2, 3], padding: same })],
  ['2D without bias', [5, 5, 1], () => L.conv2d({ filters: 3, kernelSize: 3, useBias: false })],
  ['2D with softmax', [5, 5, 2], () => L.conv2d({ filters: 3, kernelSize: 3, activation: 'softmax' })],
  [
    '2D channels first',
    [3, 7, 6],
    () => L.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: same, dataFormat: channelsFirst }),
  ],
  [
    '2D channels first with softmax over the width',
    [3, 7, 6],
    () => L.conv2d({ filters: 4, kernelSize: 3, dataFormat: channelsFirst, activation: 'softmax' }),
  ],
  [
    '2D of dynamic size',
    [null, null, 2],
    () => L.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: same }),
    { sizes: [9, 8] },
  ],
  [
    '2D of one dynamic side',
    [null, 8, 2],
    () => L.conv2d({ filters: 3, kernelSize: [3, 4], strides: 3, padding: same }),
    { sizes: [10] },
  ],
  ['3D', [5, 6, 7, 2], () => L.conv3d({ filters: 3, kernelSize: [2, 3, 2], strides: [1, 2, 3], padding: same })],
  ['3D channels first', [2, 5, 6, 7], () => L.conv3d({ filters: 3, kernelSize: 2, dataFormat: channelsFirst })],
  ['depthwise', [7, 8, 3], () => L.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2, padding: same })],
  [
    'depthwise with strides',
    [7, 8, 3],
    () => L.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: same, activation: 'relu6' }),
  ],
  [
    'depthwise with a dilation that tfjs ignores',
    [7, 8, 3],
    () => L.depthwiseConv2d({ kernelSize: 2, dilationRate: 2 }),
  ],
  ['depthwise channels first', [3, 7, 8], () => L.depthwiseConv2d({ kernelSize: 3, dataFormat: channelsFirst })],
  [
    'separable',
    [7, 8, 3],
    () => L.separableConv2d({ filters: 5, kernelSize: [3, 2], depthMultiplier: 2, padding: same }),
  ],
  [
    'separable and dilated',
    [9, 8, 3],
    () => L.separableConv2d({ filters: 5, kernelSize: 3, dilationRate: 2, activation: 'elu' }),
  ],
  [
    'separable with strides',
    [9, 8, 3],
    () => L.separableConv2d({ filters: 5, kernelSize: 3, strides: 2, padding: same, useBias: false }),
  ],
  [
    'separable channels first',
    [3, 9, 8],
    () =>
      L.separableConv2d({
        filters: 5,
        kernelSize: 3,
        dataFormat: channelsFirst,
        useBias: false,
        activation: 'softmax',
      }),
  ],
])

cases('A transposed convolution computes what tfjs does', [
  ['valid', [4, 5, 3], () => L.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2 })],
  ['same', [4, 5, 3], () => L.conv2dTranspose({ filters: 2, kernelSize: [3, 4], strides: 2, padding: same })],
  [
    'same with an even kernel and stride 1',
    [4, 5, 3],
    () => L.conv2dTranspose({ filters: 2, kernelSize: [2, 4], padding: same }),
  ],
  [
    'stride beyond the kernel, valid',
    [4, 3, 2],
    () => L.conv2dTranspose({ filters: 2, kernelSize: 2, strides: [3, 4] }),
  ],
  [
    'stride beyond the kernel, same',
    [4, 3, 2],
    () => L.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 3, padding: same, useBias: false }),
  ],
  [
    'channels first',
    [3, 4, 5],
    () => L.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, dataFormat: channelsFirst, activation: 'relu' }),
  ],
  [
    'of dynamic size',
    [null, null, 3],
    () => L.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: same }),
    { sizes: [3, 4] },
  ],
  [
    '3D',
    [3, 4, 3, 2],
    () => L.conv3dTranspose({ filters: 3, kernelSize: [2, 3, 3], strides: [2, 1, 3], padding: same }),
  ],
  ['3D valid', [3, 4, 3, 2], () => L.conv3dTranspose({ filters: 3, kernelSize: 2, strides: [2, 1, 3] })],
])

cases('A pool computes what tfjs does', [
  ['max 1D', [9, 3], () => L.maxPooling1d({ poolSize: 3, strides: 2 })],
  ['max 1D same', [10, 3], () => L.maxPooling1d({ poolSize: 3, strides: 2, padding: same })],
  ['average 1D same', [10, 3], () => L.averagePooling1d({ poolSize: 4, strides: 3, padding: same })],
  ['max 2D', [7, 8, 3], () => L.maxPooling2d({ poolSize: [2, 3] })],
  ['max 2D same', [7, 8, 3], () => L.maxPooling2d({ poolSize: 3, strides: 2, padding: same })],
  ['average 2D', [7, 8, 3], () => L.averagePooling2d({ poolSize: [3, 2], strides: [1, 2] })],
  [
    'average 2D same, over the pixels within alone',
    [7, 8, 3],
    () => L.averagePooling2d({ poolSize: 3, strides: 2, padding: same }),
  ],
  ['max 2D channels first', [3, 7, 8], () => L.maxPooling2d({ poolSize: 2, dataFormat: channelsFirst })],
  [
    'average 2D channels first',
    [3, 7, 8],
    () => L.averagePooling2d({ poolSize: 2, padding: same, dataFormat: channelsFirst }),
  ],
  [
    'max 2D of dynamic size',
    [null, null, 2],
    () => L.maxPooling2d({ poolSize: 3, strides: 2, padding: same }),
    { sizes: [7, 6] },
  ],
  [
    'average 2D of dynamic size',
    [null, null, 2],
    () => L.averagePooling2d({ poolSize: 3, strides: 2, padding: same }),
    { sizes: [7, 6] },
  ],
  ['max 3D', [5, 6, 7, 2], () => L.maxPooling3d({ poolSize: [2, 3, 2], strides: [2, 1, 2], padding: same })],
  ['average 3D', [5, 6, 7, 2], () => L.averagePooling3d({ poolSize: [2, 3, 2], strides: 2, padding: same })],
  ['average 3D channels first', [2, 5, 6, 7], () => L.averagePooling3d({ poolSize: 2, dataFormat: channelsFirst })],
  ['global average 1D', [9, 3], () => L.globalAveragePooling1d({})],
  ['global max 1D', [9, 3], () => L.globalMaxPooling1d({})],
  ['global average 2D', [5, 4, 3], () => L.globalAveragePooling2d({})],
  ['global max 2D channels first', [3, 5, 4], () => L.globalMaxPooling2d({ dataFormat: channelsFirst })],
  ['global average 2D of dynamic size', [null, null, 3], () => L.globalAveragePooling2d({}), { sizes: [4, 3] }],
])

accepted()
