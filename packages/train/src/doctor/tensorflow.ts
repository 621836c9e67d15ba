/** Which TensorFlow has been set up, for the doctor's list of versions. */
import { readSeal } from 'mnist-infer/setup'
import { findTensorflowFolder } from '../setup/tensorflow-folder.js'

export async function tensorflowVersions(): Promise<Readonly<Record<string, string>>> {
  const versions: Record<string, string> = {}
  for (const kind of ['cpu', 'cuda'] as const) {
    const folder = findTensorflowFolder(kind)
    const seal = folder === undefined ? undefined : await readSeal(folder)
    if (seal !== undefined) versions[`TensorFlow, ${kind === 'cpu' ? 'CPU' : 'CUDA 12'}`] = seal.facts.tensorflow ?? ''
  }
  return versions
}
