/** A network's ONNX graphs that the engine works with, and the weights that it begins with. */
import { convertLayersModel, DataType, type Model, optimizeModel } from 'mnist-export'
import { buildNetwork } from '../../networks/index.js'
import { loadTfjs } from '../../tfjs/tfjs.js'
import type { EngineState } from '../engine.js'
import { artifactsOf, readWeights } from '../network-weights.js'

export interface NetworkGraphs {
  /** `image` [batch, 1, 28, 28] → `logits` [batch, 10], dropout in it, weights as initializers. */
  readonly training: Model
  /** The same in evaluation form, every weight an input of its own name. */
  readonly evaluation: Model
  /** Names of the initializers that are trained; the others of `initial` are running statistics. */
  readonly trainable: ReadonlySet<string>
  readonly initial: EngineState
}

const EDGES = { nchw: true, inputNames: ['image'], outputNames: ['logits'] } as const

export async function networkGraphs(network: string, seed: number): Promise<NetworkGraphs> {
  const tf = await loadTfjs()
  const model = await buildNetwork(network, seed)
  try {
    const artifacts = await artifactsOf(tf, model)
    const training = convertLayersModel(artifacts, { ...EDGES, name: network, training: true })
    const evaluation = convertLayersModel(artifacts, { ...EDGES, name: network })
    const trained = new Set(model.trainableWeights.map(({ originalName }) => originalName))
    const initial = await readWeights(model, training.weights)
    return {
      training: forTraining(training.model),
      evaluation: weightsAsInputs(forTraining(evaluation.model), initial),
      trainable: new Set(
        training.weights.filter(({ weight }) => trained.has(weight)).map(({ initializer }) => initializer),
      ),
      initial,
    }
  } finally {
    model.dispose()
  }
}

/** The passes that leave each weight as it is. */
function forTraining(model: Model): Model {
  return optimizeModel(model, { training: true }).model
}

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
