/** A network's layers as its ONNX file has them: what each yields, how many parameters it has, what it costs for one picture. */
import { convertLayersModel, digitModelOptions, modelSummary, optimizeModel } from 'mnist-export'
import { artifactsOf } from '../engine/network-weights.js'
import { networkOf } from '../networks/index.js'
import type { NetworkName } from '../networks/names.js'
import { loadTfjs } from '../tfjs/tfjs.js'

export interface Layer {
  readonly name: string
  readonly op: string
  /** Without the batch. */
  readonly shape: string
  readonly parameters: number
  readonly flops: number
}

export interface NetworkLayers {
  readonly layers: readonly Layer[]
  readonly flops: number
}

const FACTS = { recipe: '', epochs: 0, dataset: '', seed: 0, testAccuracy: Number.NaN }

/** The weights are zeros: nothing here depends on them. Batch normalization is folded into the convolutions, as in the files. */
export async function networkLayers(network: NetworkName): Promise<NetworkLayers> {
  const tf = await loadTfjs()
  const layersModel = networkOf(network).build(tf)
  const artifacts = await artifactsOf(tf, layersModel)
  layersModel.dispose()
  const { model } = optimizeModel(convertLayersModel(artifacts, digitModelOptions({ network, ...FACTS })).model)
  const { rows, totals } = modelSummary(model)
  const layers = rows.map(({ name, op, outputs, parameters, flops }) => ({
    name,
    op,
    shape: (outputs[0]?.shape ?? []).slice(1).join('×'),
    parameters,
    flops: flops ?? 0,
  }))
  return { layers, flops: totals.flops }
}
