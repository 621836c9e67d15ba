/** A trained network as the bytes of its .onnx file. */
import { type DigitModelFacts, digitModelOptions, exportLayersModel } from 'mnist-export'
import type { EngineState } from './engine.js'
import { trainedArtifacts } from './layers-model.js'

/** The inference graph of `network` with the weights of `state`: the exporter's contract for models that read digits. */
export async function exportInference(
  network: string,
  state: EngineState,
  facts: Omit<DigitModelFacts, 'network'>,
): Promise<Uint8Array> {
  const artifacts = await trainedArtifacts(network, state)
  const { bytes } = await exportLayersModel(artifacts, digitModelOptions({ network, ...facts }))
  return bytes
}
