/** tfjs-layers models as the oracle of whole-model gradients, and as the source of the graphs that are tested. */
import { createRequire } from 'node:module'
import type * as TfCore from '@tensorflow/tfjs-core'
import type * as TfLayers from '@tensorflow/tfjs-layers'
import { type ConvertedModel, type ConvertOptions, convertLayersModel } from '../../../src/convert/convert.js'

// tfjs's ESM entry points do not resolve in Node.
const require = createRequire(import.meta.url)
export const tf = require('@tensorflow/tfjs-core') as typeof TfCore
export const layers = require('@tensorflow/tfjs-layers') as typeof TfLayers
require('@tensorflow/tfjs-backend-cpu')

/** The model as it would be saved, converted for training: NCHW, `image` in and `logits` out. */
export async function converted(model: TfLayers.LayersModel, options: ConvertOptions = {}): Promise<ConvertedModel> {
  let saved: TfCore.io.ModelArtifacts | undefined
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  if (saved === undefined) throw new Error('nothing was saved')
  const { modelTopology, weightSpecs, weightData } = saved
  return convertLayersModel({ modelTopology, weightSpecs, weightData } as Parameters<typeof convertLayersModel>[0], {
    nchw: true,
    inputNames: ['image'],
    outputNames: ['logits'],
    training: true,
    ...options,
  })
}

/** Sets every weight to random values, so that no zero bias or unit scale hides a wrong gradient. */
export function randomizeWeights(model: TfLayers.LayersModel, normals: (count: number) => Float32Array): void {
  for (const weight of model.weights) {
    const size = weight.shape.reduce<number>((count, dim) => count * (dim ?? 1), 1)
    const fanIn = weight.shape.slice(0, -1).reduce<number>((count, dim) => count * (dim ?? 1), 1)
    const values = normals(size).map((value) =>
      weight.originalName.includes('variance') ? Math.abs(value) + 0.5 : value / Math.sqrt(fanIn),
    )
    weight.write(tf.tensor(values, weight.shape as number[]))
  }
}

export type Pixels = { readonly n: number; readonly c: number; readonly h: number; readonly w: number }

/** NCHW -> NHWC */
export function channelsLast(values: Float32Array, { n, c, h, w }: Pixels): TfCore.Tensor4D {
  return tf.tidy(() => tf.transpose(tf.tensor4d(values, [n, c, h, w]), [0, 2, 3, 1]) as TfCore.Tensor4D)
}

export interface LossAndGradients {
  readonly loss: number
  /** By the weight's name, in tfjs's layout. */
  readonly gradients: ReadonlyMap<string, Float32Array>
}

/** Softmax cross-entropy and its gradients with respect to the model's weights. */
export function crossEntropyGradients(
  model: TfLayers.LayersModel,
  images: TfCore.Tensor,
  labels: readonly number[],
): LossAndGradients {
  tf.engine().startScope()
  try {
    const { value, grads } = tf.variableGrads(() => {
      const logits = model.apply(images, { training: true }) as TfCore.Tensor2D
      const target = tf.oneHot(tf.tensor1d([...labels], 'int32'), logits.shape[1])
      return tf.losses.softmaxCrossEntropy(target, logits) as TfCore.Scalar
    })
    const gradients = new Map<string, Float32Array>()
    for (const weight of model.trainableWeights) {
      const variable = (weight as unknown as { val: TfCore.Variable }).val
      const gradient = grads[variable.name]
      if (gradient !== undefined) gradients.set(weight.originalName, gradient.dataSync() as Float32Array)
    }
    return { loss: value.dataSync()[0] as number, gradients }
  } finally {
    tf.engine().endScope()
  }
}
