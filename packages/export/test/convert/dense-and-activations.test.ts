import { accepted, type Case, cases } from '../support/cases.js'
import { L } from '../support/tfjs.js'

cases('Dense computes what tfjs does', [
  ['of a vector', [7], () => L.dense({ units: 5 })],
  ['without a bias', [7], () => L.dense({ units: 5, useBias: false, activation: 'relu' })],
  ['of a sequence', [4, 7], () => L.dense({ units: 5, activation: 'softmax' })],
  ['of a picture', [3, 4, 5], () => L.dense({ units: 6, activation: 'tanh' })],
  ['of a feature map', [5, 6, 2], () => [L.conv2d({ filters: 3, kernelSize: 2 }), L.dense({ units: 4 })]],
  ['of a sequence of dynamic length', [null, 3], () => L.dense({ units: 4 })],
  ['after a flatten', [4, 5, 3], () => [L.conv2d({ filters: 4, kernelSize: 3 }), L.flatten({}), L.dense({ units: 3 })]],
])

const ACTIVATIONS =
  'elu selu relu relu6 linear sigmoid hardSigmoid softplus softsign tanh softmax logSoftmax swish mish gelu'
cases('An activation computes what tfjs does', [
  ...ACTIVATIONS.split(' ').flatMap((activation): Case[] => [
    [activation, [5, 6], () => L.activation({ activation: activation as 'relu' })],
    [
      `${activation} of a map`,
      [3, 4, 2],
      () => [L.conv2d({ filters: 3, kernelSize: 2 }), L.activation({ activation: activation as 'relu' })],
    ],
  ]),
  ['ReLU layer', [5], () => L.reLU({})],
  ['ReLU layer with a maximum', [5], () => L.reLU({ maxValue: 0.5 })],
  ['LeakyReLU', [5], () => L.leakyReLU({ alpha: 0.2 })],
  ['LeakyReLU by default', [5], () => L.leakyReLU({})],
  ['ELU', [5], () => L.elu({})],
  ['ThresholdedReLU', [9], () => L.thresholdedReLU({ theta: 0.4 })],
  ['PReLU', [4, 3], () => L.prelu({})],
  ['PReLU with shared axes', [4, 5, 3], () => L.prelu({ sharedAxes: [1, 2] })],
  ['PReLU of a map', [4, 5, 3], () => [L.conv2d({ filters: 4, kernelSize: 2 }), L.prelu({ sharedAxes: [1] })]],
  ['Softmax layer', [5], () => L.softmax({ axis: -1 })],
  ['Softmax layer by default', [5], () => L.softmax({})],
  ['Softmax layer over two axes', [3, 4], () => L.softmax({ axis: [1, 2] as unknown as number })],
])

accepted()
