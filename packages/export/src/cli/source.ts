/** What the user names as the source: a LayersModel on the disk, or a run of mnist-train, which holds one. */
import { join } from 'node:path'
import type { LayersModelArtifacts } from '../convert/artifacts.js'
import type { ConvertOptions } from '../convert/convert.js'
import { digitModelOptions } from '../digit-model.js'
import { readLayersModel, readRunFacts } from '../files/index.js'

export interface Source {
  /** Path of the model.json. */
  readonly file: string
  /** Every file that was read: none of them may be written over. */
  readonly files: readonly string[]
  readonly artifacts: LayersModelArtifacts
  /** What the contract of digit models asks for; empty for a LayersModel that is no run's. */
  readonly options: ConvertOptions
}

export async function readSource(path: string): Promise<Source> {
  const { file, shards, artifacts } = await readLayersModel(path)
  const facts = file === join(path, 'model', 'model.json') ? await readRunFacts(path) : undefined
  return { file, files: [file, ...shards], artifacts, options: facts === undefined ? {} : digitModelOptions(facts) }
}
