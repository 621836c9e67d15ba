/**
 * The topology of a LayersModel as a directed graph of layer calls, from Keras's JSON: Sequential (a list of layers, bare as
 * old Keras wrote it or under `layers`) and functional (`Model`, `Functional`), as tfjs-layers 4.22, Keras 2 and Keras 3
 * write them. A Sequential model becomes the functional one that it stands for, so that the walk knows one form.
 */
import { UserError } from '../errors.js'
import { inKeras2 } from './keras1.js'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** An output of a call of a layer: `tensor` counts the call's outputs, `call` the layer's calls. */
export interface TensorReference {
  readonly layer: string
  readonly call: number
  readonly tensor: number
}

export interface LayerDescription {
  readonly name: string
  readonly className: string
  readonly config: JsonObject
  /** One entry a call: the tensors it is called on. */
  readonly calls: readonly (readonly TensorReference[])[]
}

export interface Topology {
  readonly name: string
  readonly layers: ReadonlyMap<string, LayerDescription>
  readonly inputs: readonly TensorReference[]
  readonly outputs: readonly TensorReference[]
}

const SEQUENTIAL = new Set(['Sequential'])
const FUNCTIONAL = new Set(['Model', 'Functional'])

/** Models and wrappers within one another; a real model has a handful. */
export const MAX_DEPTH = 100

export function tooDeep(where: string): UserError {
  return new UserError('UNSUPPORTED', `${where}: expected at most ${MAX_DEPTH} models within one another, found more`)
}

/** Whether a layer of this class is itself a model. */
export function isModelClass(className: string): boolean {
  return SEQUENTIAL.has(className) || FUNCTIONAL.has(className)
}

/** Reads `modelTopology` of a model.json. */
export function readTopology(modelTopology: object | undefined): Topology {
  const isBytes = ArrayBuffer.isView(modelTopology) || modelTopology instanceof ArrayBuffer
  if (modelTopology === undefined || isBytes || !isObject(modelTopology as Json)) {
    throw new UserError('INPUT', 'modelTopology: expected the JSON of a LayersModel, found none')
  }
  const outer = modelTopology as JsonObject
  if ('node' in outer && 'library' in outer) throw graphModel('modelTopology')
  let model: Json = outer.model_config ?? outer
  if (typeof model === 'string') model = parsed(model)
  if (!isObject(model)) throw malformed('modelTopology', 'an object', model)
  return modelOf(model, 'modelTopology')
}

/** A GraphModel holds TensorFlow's operators, not Keras's layers. */
export function graphModel(where: string): UserError {
  const remedy =
    'convert the Keras model that it was made of with tensorflowjs_converter --output_format=tfjs_layers_model, or, ' +
    'where there is only a SavedModel, that one with tf2onnx'
  return new UserError('UNSUPPORTED', `${where}: expected a LayersModel, found a GraphModel; ${remedy}`)
}

/** The topology of a model given as `{ class_name, config }`, which lies within `depth` others. */
export function modelOf(model: JsonObject, where: string, depth = 0): Topology {
  if (depth > MAX_DEPTH) throw tooDeep(where)
  const className = classNameOf(model, where)
  const config = model.config
  if (SEQUENTIAL.has(className)) return sequential(config, where, depth)
  if (FUNCTIONAL.has(className)) return functional(config, where)
  throw malformed(where, 'class_name Sequential, Model or Functional', className)
}

function sequential(config: Json | undefined, where: string, depth: number): Topology {
  const list = Array.isArray(config) ? config : isObject(config) ? config.layers : undefined
  if (!Array.isArray(list) || list.length === 0) throw malformed(where, 'a list of layers', list)
  const name = isObject(config) && typeof config.name === 'string' ? config.name : 'sequential'
  const layers = new Map<string, LayerDescription>()
  let last: TensorReference | undefined
  let input: TensorReference | undefined
  for (const [index, item] of list.entries()) {
    const { name: layerName, className, config: layerConfig } = layerOf(item, `${where}: layer ${index}`)
    if (last === undefined && className !== 'InputLayer') {
      const implied = impliedInput({ name: layerName, className, config: layerConfig }, depth)
      layers.set(implied.name, implied)
      last = { layer: implied.name, call: 0, tensor: 0 }
    }
    if (layers.has(layerName)) throw malformed(where, 'a name of its own for each layer', `two named ${layerName}`)
    const calls = className === 'InputLayer' ? [] : [last === undefined ? [] : [last]]
    layers.set(layerName, { name: layerName, className, config: layerConfig, calls })
    input ??= last ?? { layer: layerName, call: 0, tensor: 0 }
    last = { layer: layerName, call: 0, tensor: 0 }
  }
  return { name, layers, inputs: input === undefined ? [] : [input], outputs: last === undefined ? [] : [last] }
}

/** The input layer that a Sequential model's first layer implies, under the name that tfjs gives it. */
function impliedInput(
  { name: layer, className, config }: Omit<LayerDescription, 'calls'>,
  depth: number,
): LayerDescription {
  // A nested model says its input shape itself.
  const shape = isModelClass(className)
    ? firstInputShape(modelOf({ class_name: className, config }, `layer ${layer}`, depth + 1))
    : (inputShape(config) ?? (className === 'Embedding' ? tokenShape(config) : undefined))
  if (shape === undefined) {
    const remedy = 'save the model after it is built, or give its first layer batch_input_shape'
    throw new UserError('INPUT', `layer ${layer} (${className}): expected batch_input_shape, found none; ${remedy}`)
  }
  const dtype = className === 'Embedding' ? 'int32' : (config.dtype ?? 'float32')
  return {
    name: `${layer}_input`,
    className: 'InputLayer',
    config: { name: `${layer}_input`, batch_input_shape: shape, dtype: typeof dtype === 'string' ? dtype : 'float32' },
    calls: [],
  }
}

/** Embedding's own default: sequences of input_length tokens, or of any length (tfjs-layers, embeddings.ts). */
function tokenShape({ input_length, inputLength }: JsonObject): readonly Json[] {
  const length: Json = input_length ?? inputLength ?? null
  return [null, ...(Array.isArray(length) ? length : [length])]
}

/** The batch shape in a layer's config, by any of the keys that Keras has used. */
export function inputShape(config: JsonObject): readonly Json[] | undefined {
  const batch = config.batch_input_shape ?? config.batch_shape ?? config.batchInputShape
  if (Array.isArray(batch)) return batch
  const single = config.input_shape ?? config.inputShape
  if (Array.isArray(single)) return [null, ...single]
  const length = config.input_dim ?? config.inputDim
  return typeof length === 'number' && config.units !== undefined ? [null, length] : undefined
}

function firstInputShape({ inputs, layers }: Topology): readonly Json[] | undefined {
  const [first] = inputs
  const layer = first === undefined ? undefined : layers.get(first.layer)
  return layer === undefined ? undefined : inputShape(layer.config)
}

function functional(config: Json | undefined, where: string): Topology {
  if (!isObject(config)) throw malformed(where, 'a config with layers', config)
  const { layers: list, input_layers, output_layers } = config
  if (!Array.isArray(list) || list.length === 0) throw malformed(where, 'a list of layers', list)
  const layers = new Map<string, LayerDescription>()
  for (const [index, item] of list.entries()) {
    const layer = layerOf(item, `${where}: layer ${index}`)
    if (layers.has(layer.name)) throw malformed(where, 'a name of its own for each layer', `two named ${layer.name}`)
    layers.set(layer.name, layer)
  }
  return {
    name: typeof config.name === 'string' ? config.name : 'model',
    layers,
    inputs: references(input_layers, `${where}: input_layers`),
    outputs: references(output_layers, `${where}: output_layers`),
  }
}

/** A layer's JSON, its calls included; also used for the layer that a wrapper (TimeDistributed) holds. */
export function layerOf(item: Json | undefined, where: string): LayerDescription {
  if (!isObject(item)) throw malformed(where, 'an object', item)
  // A function of Keras 3 that was called on a layer's result stands among the layers.
  const isFunction = typeof item.module === 'string' && item.module.startsWith('keras.src.ops')
  const className = `${isFunction ? 'keras.ops.' : ''}${classNameOf(item, where)}`
  // A nested Sequential of old Keras has its list of layers for a config.
  const config: Json | undefined = Array.isArray(item.config) ? { layers: item.config } : item.config
  if (!isObject(config)) throw malformed(where, 'a config', config)
  const name = item.name ?? config.name
  if (typeof name !== 'string' || name === '') throw malformed(`${where} (${className})`, 'a name', name)
  const nodes = item.inbound_nodes ?? item.inboundNodes ?? []
  if (!Array.isArray(nodes)) throw malformed(`layer ${name}`, 'inbound_nodes to be a list', nodes)
  const calls = nodes.map((node, call) => callInputs(node, `layer ${name}: call ${call}`))
  return { name, ...inKeras2({ className, config }), calls }
}

/** `[["conv1", 0, 0, {}], …]`, one such entry alone, or Keras 3's `{ args, kwargs }`. */
function callInputs(node: Json, where: string): TensorReference[] {
  if (isObject(node)) {
    checkKeywords(node.kwargs, where)
    return kerasTensors(node.args ?? [], where)
  }
  const found = references(node, where)
  if (Array.isArray(node)) for (const entry of node) if (Array.isArray(entry)) checkKeywords(entry[3], where)
  return found
}

/** Arguments of a call that would change what the layer computes are refused; those that change nothing are not. */
function checkKeywords(keywords: Json | undefined, where: string): void {
  if (!isObject(keywords)) return
  for (const [key, value] of Object.entries(keywords)) {
    if (value === null || value === false) continue
    const found = `${key}=${short(value)}`
    throw new UserError('UNSUPPORTED', `${where}: expected a call on tensors alone, found the argument ${found}`)
  }
}

/** The `keras_history` entries within Keras 3's serialized arguments, in order; a constant among them is refused. */
function kerasTensors(value: Json, where: string): TensorReference[] {
  const found: TensorReference[] = []
  const pending: Json[] = [value]
  while (pending.length > 0) {
    const next = pending.pop() as Json
    if (Array.isArray(next)) {
      for (const entry of [...next].reverse()) pending.push(entry)
    } else if (isObject(next)) {
      const history = isObject(next.config) ? next.config.keras_history : undefined
      if (history !== undefined) found.push(reference(history, 'keras_history'))
    } else if (next !== null) {
      throw new UserError('UNSUPPORTED', `${where}: expected a call on tensors alone, found ${short(next)} among them`)
    }
  }
  return found
}

/** A list of `[layer, call, tensor]`, or one such entry alone. */
function references(value: Json | undefined, where: string): TensorReference[] {
  if (!Array.isArray(value)) throw malformed(where, 'a list of [layer, node, tensor]', value)
  if (typeof value[0] === 'string') return [reference(value, where)]
  return value.map((entry) => reference(entry, where))
}

function reference(value: Json, where: string): TensorReference {
  if (!Array.isArray(value)) throw malformed(where, '[layer, node, tensor]', value)
  const [layer, call = 0, tensor = 0] = value
  if (typeof layer !== 'string' || !isIndex(call) || !isIndex(tensor)) {
    throw malformed(where, '[layer, node, tensor]', value)
  }
  return { layer, call, tensor }
}

function isIndex(value: Json): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function classNameOf(item: JsonObject, where: string): string {
  const className = item.class_name ?? item.className
  if (typeof className !== 'string') throw malformed(where, 'a class_name', className)
  return className
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new UserError('INPUT', 'modelTopology: model_config: expected JSON, found text that is none', { cause })
  }
}

function malformed(where: string, expected: string, found: Json | undefined): UserError {
  return new UserError('INPUT', `${where}: expected ${expected}, found ${short(found)}`)
}

/** JSON for a message, at most 60 characters of it. */
export function short(value: Json | undefined): string {
  const text = typeof value === 'string' ? value : json(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function json(value: Json | undefined): string {
  try {
    return JSON.stringify(value) ?? 'nothing'
  } catch {
    // JSON.stringify recurses: a list nested thousands of times overflows its stack.
    return 'something nested too deeply to show'
  }
}
