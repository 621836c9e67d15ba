/** What a calibration needs of a model: which activations to look at, and a model that gives them out. */
import { valueTypes } from '../inspect/types.js'
import { DataType, type Model } from '../onnx/model.js'
import { quantizedActivations } from './activations.js'

/** The interval that a value keeps to, as far as calibration pictures tell. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** By the value's name. */
export type Ranges = ReadonlyMap<string, Range>

/** Names of the activations whose ranges `compressModel` wants for `int8`. */
export function calibrationValues({ graph }: Model): readonly string[] {
  return [...new Set(quantizedActivations(graph, valueTypes(graph)).ranges.values())]
}

/** The model with those values as its outputs, instead of its own; what none of them needs is left to the runtime to leave out. */
export function withOutputs(model: Model, names: readonly string[]): Model {
  const types = valueTypes(model.graph)
  const outputs = names.map((name) => {
    const type = types.get(name)
    return type === undefined
      ? { name, dataType: DataType.FLOAT, shape: [], unranked: true as const }
      : { name, dataType: type.dataType, shape: type.shape }
  })
  return { ...model, graph: { ...model.graph, outputs } }
}
