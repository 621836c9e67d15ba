/** LayersModel → .onnx file in one call: conversion, passes, encoding. For programs and browsers: no files, no tfjs of its own. */
import type { LayersModelArtifacts } from './convert/artifacts.js'
import { type ConvertOptions, convertLayersModel } from './convert/convert.js'
import type { WeightBinding } from './convert/weight-binding.js'
import { UserError } from './errors.js'
import { encodeModel } from './onnx/encode.js'
import type { Model } from './onnx/model.js'
import { optimizeModel, type PassReport } from './passes/optimize.js'

/** A tfjs-layers model, as far as it is needed here: `save` hands the artifacts to an IOHandler. */
export interface SavableModel {
  save(handler: { readonly save: (artifacts: LayersModelArtifacts) => Promise<SaveResult> }): Promise<unknown>
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
  /** What the file holds. */
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
