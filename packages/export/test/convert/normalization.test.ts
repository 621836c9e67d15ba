import { accepted, cases } from '../support/cases.js'
import { L, type Model, type Tensor, tf } from '../support/tfjs.js'

/**
 * tfjs's CPU backend takes the statistics in turn from element to element, which is right along the last axis alone; its other
 * backends broadcast them. The formula itself, then: γ (x − mean) / √(variance + ε) + β.
 */
function alongAxis(axis: number) {
  return ([x]: readonly Tensor[], model: Model): Tensor => {
    const shape = (x as Tensor).shape.map((dim, index) => (index === axis ? dim : 1))
    const weight = (name: string): Tensor | undefined => {
      const found = model.weights.find((candidate) => candidate.name.includes(name))
      return found === undefined ? undefined : tf.reshape(found.read(), shape)
    }
    const deviation = tf.sqrt(tf.add(weight('variance') as Tensor, 1e-3))
    const normal = tf.div(tf.sub(x as Tensor, weight('mean') as Tensor), deviation)
    return tf.add(tf.mul(normal, weight('gamma') ?? 1), weight('beta') ?? 0)
  }
}

cases('A normalization computes what tfjs does', [
  ['batch, of a vector', [6], () => L.batchNormalization({})],
  ['batch, of a sequence', [4, 6], () => L.batchNormalization({ epsilon: 0.1 })],
  ['batch, of a picture', [4, 5, 3], () => L.batchNormalization({ center: false })],
  ['batch, along axis 1', [3, 4, 5], () => L.batchNormalization({ axis: 1 }), { reference: alongAxis(1) }],
  [
    'batch, along axis 2',
    [3, 4, 5],
    () => L.batchNormalization({ axis: 2, scale: false, center: false }),
    { reference: alongAxis(2) },
  ],
  [
    'batch, after a flatten',
    [4, 5, 2],
    () => [L.conv2d({ filters: 3, kernelSize: 2 }), L.flatten(), L.batchNormalization({}), L.dense({ units: 2 })],
  ],
  ['layer, of a vector', [6], () => L.layerNormalization({})],
  ['layer, of a sequence', [4, 6], () => L.layerNormalization({ epsilon: 1e-5, scale: false })],
  [
    'layer, over the channels of a map',
    [4, 5, 3],
    () => [L.conv2d({ filters: 4, kernelSize: 1 }), L.layerNormalization({})],
  ],
  ['layer, over two axes', [4, 5], () => L.layerNormalization({ axis: [1, 2] })],
  [
    'layer, over two axes of a map',
    [4, 5, 3],
    () => [L.conv2d({ filters: 4, kernelSize: 1 }), L.layerNormalization({ axis: [1, 3], center: false })],
  ],
  ['layer, over the first axis', [4, 5], () => L.layerNormalization({ axis: 1 })],
])

accepted()
