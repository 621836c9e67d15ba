/** A network's ONNX graphs that the engine works with, and the weights that it begins with. */
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { convertLayersModel, DataType, floatValues, type Model, optimizeModel, PASSES } from 'mnist-export'
import { loadTfjs } from '../../tfjs/tfjs.js'
import type { EngineState } from '../engine.js'
import { artifactsOf } from '../network-weights.js'

export interface NetworkGraphs {
  /** `image` [batch, 1, 28, 28] → `logits` [batch, 10], dropout in it, weights as initializers. */
  readonly training: Model
  /** The same in evaluation form, every weight an input of its own name. */
  readonly evaluation: Model
  /** Names of the initializers that are trained; the others of `initial` are running statistics. */
  readonly trainable: ReadonlySet<string>
  /** In the memory of `training`'s initializers. */
  readonly initial: EngineState
}

/** `layers`: `image` [N, 28, 28, 1] → logits [N, 10]. It is not needed afterwards. */
export async function networkGraphs(layers: LayersModel): Promise<NetworkGraphs> {
  const artifacts = await artifactsOf(await loadTfjs(), layers)
  const trained = new Set(layers.trainableWeights.map(({ originalName }) => originalName))
  const { model, weights } = convertLayersModel(artifacts, {
    nchw: true,
    inputNames: ['image'],
    outputNames: ['logits'],
    training: true,
  })
  const names = new Set(weights.map(({ initializer }) => initializer))
  const tensors = model.graph.initializers.filter(({ name }) => names.has(name))
  const initial = new Map(
    tensors.map((tensor) => [tensor.name, { shape: tensor.dims, values: floatValues(tensor) as Float32Array }]),
  )
  return {
    training: optimizeModel(model, { training: true }).model,
    evaluation: weightsAsInputs(optimizeModel(model, { without: PASSES_THAT_CHANGE_WEIGHTS }).model, initial),
    trainable: new Set(weights.filter(({ weight }) => trained.has(weight)).map(({ initializer }) => initializer)),
    initial,
  }
}

/** A graph whose weights are inputs can't have them folded. */
const PASSES_THAT_CHANGE_WEIGHTS = PASSES.filter(({ keepsWeights }) => !keepsWeights).map(({ name }) => name)

function weightsAsInputs(model: Model, weights: EngineState): Model {
  const { graph } = model
  const inputs = [...weights].map(([name, { shape }]) => ({ name, dataType: DataType.FLOAT, shape }))
  return {
    ...model,
    graph: {
      ...graph,
      inputs: [...graph.inputs, ...inputs],
      initializers: graph.initializers.filter(({ name }) => !weights.has(name)),
    },
  }
}
