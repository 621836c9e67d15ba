/** tfjs on its pure JavaScript backend: the oracle of the converter's tests. */
import { createRequire } from 'node:module'
import type * as Core from '@tensorflow/tfjs-core'
import type * as Layers from '@tensorflow/tfjs-layers'
import type { LayersModelArtifacts } from '../../src/convert/artifacts.js'
import { normal, type Random, uniform } from './random.js'

// tfjs's ESM entry points do not resolve in Node.
const require = createRequire(import.meta.url)
export const tf = require('@tensorflow/tfjs-core') as typeof Core
export const tfl = require('@tensorflow/tfjs-layers') as typeof Layers
require('@tensorflow/tfjs-backend-cpu')
export const L = tfl.layers

export type Model = Layers.LayersModel
export type Layer = Layers.layers.Layer
export type Symbolic = Layers.SymbolicTensor
export type Tensor = Core.Tensor

/** The layer called on symbolic tensors, which gives one. */
export function on(layer: Layer, inputs: Symbolic | Symbolic[]): Symbolic {
  return layer.apply(inputs) as Symbolic
}

/** What a user's file holds: the artifacts of `model.save`, after a round trip through JSON. */
export async function artifactsOf(model: Model): Promise<LayersModelArtifacts> {
  let saved: Core.io.ModelArtifacts | undefined
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
  })
  await model.save(handler)
  if (saved === undefined) throw new Error('the model was not saved')
  const { modelTopology, weightSpecs, weightData } = saved
  return {
    modelTopology: JSON.parse(JSON.stringify(modelTopology)) as object,
    weightSpecs: JSON.parse(JSON.stringify(weightSpecs)) as LayersModelArtifacts['weightSpecs'] & object,
    weightData: weightData as ArrayBuffer,
  }
}

/** Draws every weight: variances positive, the rest around 0, kernels small enough that no activation saturates. */
export function randomizeWeights(model: Model, random: Random): void {
  for (const weight of model.weights) {
    const size = weight.shape.reduce<number>((count, dim) => count * (dim ?? 1), 1)
    const fanIn = Math.max(1, size / (weight.shape.at(-1) ?? 1))
    const draw = weight.name.includes('variance')
      ? () => uniform(random, 0.2, 2)
      : weight.name.includes('gamma')
        ? () => uniform(random, 0.5, 1.5)
        : () => normal(random) / Math.sqrt(weight.name.includes('kernel') ? fanIn : 2)
    const value = tf.tensor(Float32Array.from({ length: size }, draw), weight.shape as number[], 'float32')
    weight.write(value)
    value.dispose()
  }
}
