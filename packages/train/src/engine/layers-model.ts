/** Writes a network as tfjs's own files: model.json and weights.bin. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import type { LayersModelArtifacts } from 'mnist-export'
import { buildNetwork, networkOf } from '../networks/index.js'
import { writeWholeFile } from '../run/whole-file.js'
import { loadTfjs } from '../tfjs/tfjs.js'
import type { Engine, EngineState } from './engine.js'
import { artifactsOf, bindingsOf, readWeights, writeWeights } from './network-weights.js'

/**
 * Writes the network with the engine's weights into `folder`. The weights come first: whenever the process ends, model.json and
 * weights.bin fit each other, since all epochs of a run have the same topology. tfjs loads it as it is; for alexnet and resnet18 the
 * class HalfPixelResizing must be registered.
 */
export async function saveLayersModel(network: string, engine: Engine, folder: string): Promise<void> {
  const { modelTopology, weightSpecs, weightData } = await trainedArtifacts(network, await engine.state())
  await mkdir(folder, { recursive: true })
  const buffers = (Array.isArray(weightData) ? weightData : [weightData]) as ArrayBuffer[]
  await writeWholeFile(join(folder, 'weights.bin'), Buffer.concat(buffers.map((buffer) => new Uint8Array(buffer))))
  const model = {
    format: 'layers-model',
    generatedBy: 'mnist-train',
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  }
  await writeWholeFile(join(folder, 'model.json'), JSON.stringify(model))
}

/** The LayersModel of `network` with the weights of `state`, as tfjs saves it. */
export async function trainedArtifacts(network: string, state: EngineState): Promise<LayersModelArtifacts> {
  const model = await trainedModel(network, state)
  try {
    return await artifactsOf(await loadTfjs(), model)
  } finally {
    model.dispose()
  }
}

/** The LayersModel of `network` with the weights of `state`; the caller disposes of it. */
export async function trainedModel(network: string, state: EngineState): Promise<LayersModel> {
  const tf = await loadTfjs()
  const model = networkOf(network).build(tf)
  writeWeights(tf, model, { bindings: await bindingsOf(model), state })
  return model
}

/** The state that a run of this seed begins with. */
export async function initialState(network: string, seed: number): Promise<EngineState> {
  const model = await buildNetwork(network, seed)
  try {
    return await readWeights(model, await bindingsOf(model))
  } finally {
    model.dispose()
  }
}
