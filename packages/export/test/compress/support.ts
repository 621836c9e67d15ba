/** A network with every place that compression treats, and ONNX Runtime to run it before and after. */
import { createRequire } from 'node:module'
import type * as Ort from 'onnxruntime-node'
import { convertLayersModel } from '../../src/convert/convert.js'
import { encodeModel } from '../../src/onnx/encode.js'
import type { Model } from '../../src/onnx/model.js'
import { optimizeModel } from '../../src/passes/optimize.js'
import { drawn } from '../support/cases.js'
import { collect } from '../support/collect.js'
import { normal, randomOf } from '../support/random.js'
import { artifactsOf, L, type Model as LayersModel, on, tfl } from '../support/tfjs.js'

const require = createRequire(import.meta.url)
const ort = require('onnxruntime-node') as typeof Ort
ort.env.logLevel = 'error'

/** `image` [batch, 1, 28, 28] → convolutions, a residual sum, pools, a transposed convolution, dense layers → [batch, 10]. */
export function digitNetwork(): LayersModel {
  const image = tfl.input({ shape: [28, 28, 1], name: 'image' })
  let x = on(L.conv2d({ filters: 8, kernelSize: 5, strides: 2, activation: 'relu', name: 'conv1' }), image)
  x = on(L.maxPooling2d({ poolSize: 2, name: 'pool' }), x)
  const wide = on(L.conv2d({ filters: 16, kernelSize: 3, padding: 'same', name: 'conv2' }), x)
  const normal = on(L.reLU({ name: 'relu' }), on(L.batchNormalization({ name: 'norm' }), wide))
  const inner = on(L.conv2d({ filters: 16, kernelSize: 3, padding: 'same', name: 'conv3' }), normal)
  x = on(L.reLU({ name: 'relu3' }), on(L.add({ name: 'sum' }), [inner, normal]))
  x = on(L.conv2dTranspose({ filters: 8, kernelSize: 2, strides: 2, activation: 'sigmoid', name: 'up' }), x)
  x = on(L.dense({ units: 64, activation: 'relu', name: 'fc1' }), on(L.flatten({ name: 'flat' }), x))
  return drawn(tfl.model({ inputs: image, outputs: on(L.dense({ units: 10, name: 'fc2' }), x), name: 'digits' }))
}

/** Dense layers over a sequence, which are MatMul in ONNX, and a recurrent one. */
export function sequenceNetwork(): LayersModel {
  const x = tfl.input({ shape: [6, 128], name: 'words' })
  const dense = on(L.dense({ units: 144, activation: 'tanh', name: 'dense' }), x)
  // The default, orthogonal, takes tensor methods that tfjs-core alone lacks.
  const lstm = L.lstm({ units: 24, recurrentInitializer: 'zeros', name: 'lstm' })
  const scores = on(L.dense({ units: 4, name: 'scores' }), on(lstm, dense))
  return drawn(tfl.model({ inputs: x, outputs: scores, name: 'sequence' }))
}

export async function onnxOf(network: LayersModel): Promise<Model> {
  return optimizeModel(convertLayersModel(await artifactsOf(network), { nchw: true }).model).model
}

/** The outputs by name, on normal random input for a batch of three. */
export async function outputsOf(model: Model, seed = 1): Promise<Record<string, Float32Array>> {
  const bytes = encodeModel(model)
  collect(model.graph.name, bytes)
  const random = randomOf(seed)
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const feeds = Object.fromEntries(
    model.graph.inputs.map(({ name, shape }) => {
      const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 3))
      const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => normal(random))
      return [name, new ort.Tensor('float32', data, dims)]
    }),
  )
  const results = await session.run(feeds)
  await session.release()
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]))
}

/** ‖a − b‖ / ‖b‖ */
export function relativeNorm(a: Float32Array, b: Float32Array): number {
  let difference = 0
  let whole = 0
  for (const [index, value] of b.entries()) {
    difference += ((a[index] as number) - value) ** 2
    whole += value ** 2
  }
  return Math.sqrt(difference / whole)
}
