/** LayersModel → .onnx file in one call: conversion, passes, encoding. For programs and browsers: no files, no tfjs of its own. */
import type { LayersModelArtifacts } from './convert/artifacts.js'
import { type ConvertOptions, convertLayersModel } from './convert/convert.js'
import type { WeightBinding } from './convert/weight-binding.js'
import { UserError } from './errors.js'
import { encodeModel } from './onnx/encode.js'
import type { Model } from './onnx/model.js'
import { optimizeModel, type PassReport } from './passes/optimize.js'

/**
 * A tfjs-layers model, as far as it is needed here. Its weights are read one by one where it shows them; `save`, which hands the
 * artifacts to an IOHandler, makes copies of all of them.
 */
export interface SavableModel {
  save(handler: { readonly save: (artifacts: LayersModelArtifacts) => Promise<SaveResult> }): Promise<unknown>
  toJSON?(unused: undefined, returnString: false): unknown
  readonly weights?: readonly SavableWeight[]
}

/** The part of tfjs-layers's LayerVariable that is needed here. */
export interface SavableWeight {
  /** The name in weightSpecs; `name` may have a number behind it. */
  readonly originalName: string
  readonly shape: readonly (number | null)[]
  readonly dtype: string
  read(): { data(): Promise<unknown> }
}

/** What tfjs expects of an IOHandler. */
export interface SaveResult {
  modelArtifactsInfo: { dateSaved: Date; modelTopologyType: 'JSON' }
}

/**
 * Beside `without`, those of a conversion: `name` of the graph; `nchw`, inputs and outputs channels first; `inputNames`,
 * `outputNames`; `probabilities`, the name of an added softmax output; `batchDimension`, the name of the dynamic one; `handlers` of
 * your own layers; `training`, whether the graph is to be trained, so that Dropout and every weight stay; `metadata` and
 * `docString` of the file.
 */
export interface ExportOptions extends ConvertOptions {
  /** Names of passes (`PASSES`) to leave out. Default none. */
  readonly without?: readonly string[]
}

export interface ExportedModel {
  /** The .onnx file. */
  readonly bytes: Uint8Array
  /** What the file holds. Its weights are read from the artifacts when they are first asked for: leave those unchanged until then. */
  readonly model: Model
  /** Where each tfjs weight is in the graph, before the passes: those keep a weight's name, but may change its values. */
  readonly weights: readonly WeightBinding[]
  /** What converts but looks wrong: weights that are not finite. */
  readonly warnings: readonly string[]
  /** What each pass rewrote, and what it left and why. */
  readonly reports: readonly PassReport[]
}

/**
 * Converts `source`, a tfjs LayersModel or the artifacts of one (`readLayersModel` of `mnist-export/files` reads them from disk).
 * @throws UserError where the model is malformed, or has a layer or an option that ONNX or this converter does not have.
 */
export async function exportLayersModel(
  source: SavableModel | LayersModelArtifacts,
  options: ExportOptions = {},
): Promise<ExportedModel> {
  const optimized = optimizedModel(isSavable(source) ? await artifactsOf(source) : source, options)
  return { ...optimized, bytes: encodeModel(optimized.model) }
}

/** Without the encoding. */
export function optimizedModel(
  artifacts: LayersModelArtifacts,
  { without = [], ...options }: ExportOptions = {},
): Omit<ExportedModel, 'bytes'> {
  const { model, weights, warnings } = convertLayersModel(artifacts, options)
  const optimized = optimizeModel(model, { without, training: options.training ?? false })
  return { model: optimized.model, weights, warnings, reports: optimized.reports }
}

function isSavable(source: SavableModel | LayersModelArtifacts): source is SavableModel {
  return 'save' in source && typeof source.save === 'function'
}

async function artifactsOf(model: SavableModel): Promise<LayersModelArtifacts> {
  return (await shownArtifacts(model)) ?? savedArtifacts(model)
}

/** What `save` would hand over, in the memory of the model's own backend where that is the CPU's. */
async function shownArtifacts(model: SavableModel): Promise<LayersModelArtifacts | undefined> {
  const { weights } = model
  const modelTopology = model.toJSON?.(undefined, false)
  if (weights === undefined || typeof modelTopology !== 'object' || modelTopology === null) return undefined
  const weightData: Uint8Array[] = []
  for (const weight of weights) {
    const values = await weight.read().data()
    if (!ArrayBuffer.isView(values)) return undefined
    weightData.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }
  const weightSpecs = weights.map(({ originalName: name, shape, dtype }) => ({ name, shape: shape.map(Number), dtype }))
  return { modelTopology, weightSpecs, weightData }
}

async function savedArtifacts(model: SavableModel): Promise<LayersModelArtifacts> {
  let saved: LayersModelArtifacts | undefined
  await model.save({
    save: async (artifacts) => {
      saved = artifacts
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } }
    },
  })
  if (saved === undefined) throw new UserError('INPUT', 'source: expected a LayersModel that saves itself, found none')
  return saved
}
