/**
 * The walk over a topology: each layer call that an output needs, after the calls whose results it takes. It keeps its own
 * stack, so that a model of any depth converts, and a cycle is found when a call is reached while it waits for itself.
 */
import { UserError } from '../errors.js'
import type { Feature } from './feature.js'
import { isModelClass, type LayerDescription, type TensorReference, type Topology } from './topology.js'

/** Inputs of a layer; a DenseNet's Concatenate has some dozens. */
const MAX_INPUTS = 10_000

/** Converts one call of a layer; `inputs` are the results of the calls that it names. */
export type ConvertLayer = (layer: LayerDescription, inputs: readonly Feature[]) => readonly Feature[]

/** The outputs of `topology` called on `inputs`. */
export function walk(topology: Topology, inputs: readonly Feature[], convert: ConvertLayer): Feature[] {
  const fromOne = countedFromOne(topology)
  const results = new Map<string, readonly Feature[]>()
  const waiting = new Set<string>()
  if (inputs.length !== topology.inputs.length) {
    throw new UserError(
      'INPUT',
      `model ${topology.name}: expected ${topology.inputs.length} inputs, found ${inputs.length}`,
    )
  }
  for (const [index, { layer, call }] of topology.inputs.entries())
    results.set(key(layer, call), [inputs[index] as Feature])

  const stack: TensorReference[] = [...topology.outputs].reverse()
  for (let reference = stack.at(-1); reference !== undefined; reference = stack.at(-1)) {
    const name = key(reference.layer, reference.call)
    if (results.has(name)) {
      stack.pop()
      continue
    }
    const layer = layerOf(topology, reference)
    const needed = callOf(layer, fromOne.has(layer.name) ? reference.call - 1 : reference.call)
    const missing = needed.filter((input) => !results.has(key(input.layer, input.call)))
    if (missing.length > 0) {
      if (waiting.has(name))
        throw new UserError('INPUT', `layer ${layer.name}: expected a model without cycles, found one`)
      waiting.add(name)
      for (const input of missing) stack.push(input)
      continue
    }
    stack.pop()
    results.set(
      name,
      convert(
        layer,
        needed.map((input) => resultOf(results, input)),
      ),
    )
  }
  return topology.outputs.map((output) => resultOf(results, output))
}

function key(layer: string, call: number): string {
  return `${call}:${layer}`
}

function layerOf(topology: Topology, { layer }: TensorReference): LayerDescription {
  const found = topology.layers.get(layer)
  if (found === undefined) {
    throw new UserError('INPUT', `model ${topology.name}: expected a layer named ${layer}, found none`)
  }
  return found
}

/**
 * The nested models whose calls are numbered from 1: Keras and tfjs count the call that made a model, and save the others only.
 * A number 0 among the references to a model says that it was counted from there.
 */
function countedFromOne({ layers, outputs }: Topology): ReadonlySet<string> {
  const references = [...[...layers.values()].flatMap(({ calls }) => calls.flat()), ...outputs]
  const fromZero = new Set(references.filter(({ call }) => call === 0).map(({ layer }) => layer))
  const models = [...layers.values()].filter(({ name, className }) => isModelClass(className) && !fromZero.has(name))
  return new Set(models.map(({ name }) => name))
}

function callOf(layer: LayerDescription, call: number): readonly TensorReference[] {
  const inputs = layer.calls[call]
  if (inputs === undefined || inputs.length === 0) {
    const found = layer.calls.length === 0 ? 'an input that is not among input_layers' : `${layer.calls.length} calls`
    throw new UserError('INPUT', `layer ${layer.name}: expected call ${call} of it, found ${found}`)
  }
  if (inputs.length > MAX_INPUTS) {
    throw new UserError(
      'UNSUPPORTED',
      `layer ${layer.name}: expected at most ${MAX_INPUTS} inputs, found ${inputs.length}`,
    )
  }
  return inputs
}

function resultOf(results: ReadonlyMap<string, readonly Feature[]>, { layer, call, tensor }: TensorReference): Feature {
  const feature = results.get(key(layer, call))?.[tensor]
  if (feature === undefined) throw new UserError('INPUT', `layer ${layer}: expected an output ${tensor}, found none`)
  return feature
}
