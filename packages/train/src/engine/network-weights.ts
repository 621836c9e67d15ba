/** A network's weights as the state that engines share: LayersModel ↔ `EngineState`, through the exporter's bindings. */
import type { Variable } from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import {
  type ConvertedModel,
  convertLayersModel,
  fromOnnx,
  type LayersModelArtifacts,
  toOnnx,
  UserError,
  type WeightBinding,
} from 'mnist-export'
import { loadTfjs, type Tfjs } from '../tfjs/tfjs.js'
import type { EngineState, StateTensor } from './engine.js'

export type Bindings = ConvertedModel['weights']

/** What the exporter reads: topology and weights, as tfjs saves them. */
export async function artifactsOf({ core }: Tfjs, model: LayersModel): Promise<LayersModelArtifacts> {
  let saved: LayersModelArtifacts | undefined
  await model.save(
    core.io.withSaveHandler(async (artifacts) => {
      saved = artifacts as LayersModelArtifacts
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } }
    }),
  )
  if (saved === undefined) throw new Error('internal: tfjs did not call the save handler')
  return saved
}

/** Where each weight goes, by the shapes of all weights: converting AlexNet takes a second, and a run does it after each epoch. */
const known = new Map<string, Bindings>()

/** Where each weight of the LayersModel goes in its ONNX graph. */
export async function bindingsOf(model: LayersModel): Promise<Bindings> {
  const key = JSON.stringify(model.weights.map(({ originalName, shape }) => [originalName, shape]))
  const found = known.get(key)
  if (found !== undefined) return found
  const { weights } = convertLayersModel(await artifactsOf(await loadTfjs(), model), { nchw: true })
  known.set(key, weights)
  return weights
}

/** The weights' copies, as state. */
export async function readWeights(model: LayersModel, bindings: Bindings): Promise<EngineState> {
  const variables = variablesOf(model)
  const entries = bindings.map(async (binding): Promise<[string, StateTensor]> => {
    const values = (await variableOf(variables, binding).data()) as Float32Array
    return [binding.initializer, { shape: binding.layout.shape, values: toOnnx(binding, values) }]
  })
  return new Map(await Promise.all(entries))
}

/** @throws UserError INPUT where `state` is not of this network. */
export function writeWeights(
  { core }: Tfjs,
  model: LayersModel,
  { bindings, state }: { bindings: Bindings; state: EngineState },
): void {
  checkState(state, new Map(bindings.map(({ initializer, layout }) => [initializer, layout.shape])))
  const variables = variablesOf(model)
  for (const binding of bindings) {
    const { values } = state.get(binding.initializer) as StateTensor
    const variable = variableOf(variables, binding)
    core.tidy(() => variable.assign(core.tensor(fromOnnx(binding, values), variable.shape)))
  }
}

/** @throws UserError INPUT where `state` has other tensors than `shapes` names, or of other shapes. */
export function checkState(state: EngineState, shapes: ReadonlyMap<string, readonly number[]>): void {
  for (const [name, shape] of shapes) {
    const found = state.get(name)?.shape
    if (found === undefined || found.join() !== shape.join()) {
      const seen = found === undefined ? 'none' : `one of [${found.join(', ')}]`
      throw new UserError('INPUT', `weights: expected ${name} of shape [${shape.join(', ')}], found ${seen}`)
    }
  }
  const stranger = [...state.keys()].find((name) => !shapes.has(name))
  if (stranger !== undefined) {
    throw new UserError('INPUT', `weights: expected those of this network, found ${stranger} besides`)
  }
}

/** By tfjs's names in saved models. */
function variablesOf(model: LayersModel): ReadonlyMap<string, Variable> {
  // A layer's weight reads as its variable itself: LayerVariable.read returns it (tfjs-layers 4.22, variables.ts).
  return new Map(model.weights.map((weight) => [weight.originalName, weight.read() as Variable]))
}

function variableOf(variables: ReadonlyMap<string, Variable>, { weight }: WeightBinding): Variable {
  const variable = variables.get(weight)
  if (variable === undefined) throw new Error(`internal: the LayersModel has no weight ${weight}`)
  return variable
}
