/** What the user names as the source: a LayersModel on the disk, or a run of mnist-train, which holds one. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayersModelArtifacts } from '../convert/artifacts.js'
import type { ConvertOptions } from '../convert/convert.js'
import { digitModelOptions } from '../digit-model.js'
import { optimizedModel } from '../export.js'
import { readLayersModel, readRunFacts } from '../files/index.js'
import type { Model } from '../onnx/model.js'
import { readModelFile } from './model-file.js'

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

/** Whether `path` is to hold a LayersModel, as a folder or as JSON, and not an .onnx file. */
export async function isLayersModel(path: string): Promise<boolean> {
  if (path.toLowerCase().endsWith('.json')) return true
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
}

/** The graph of an .onnx file, or the one that a LayersModel becomes. */
export async function readGraph(path: string): Promise<Model> {
  if (!(await isLayersModel(path))) return readModelFile(path)
  const { artifacts, options } = await readSource(path)
  return optimizedModel(artifacts, options).model
}
