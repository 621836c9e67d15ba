/**
 * LayersModel → ONNX graph, layer by layer and without optimization (`../passes` does that). Convolutional parts are held
 * channels first; the model's inputs and outputs keep tfjs's layout unless `nchw` asks for the other.
 */
import { IR_VERSION, OPSET } from '../constants.js'
import { UserError } from '../errors.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { identity, softmax } from '../graph/ops/index.js'
import { DataType, type Dimension, type Model, type Shape, type ValueInfo } from '../onnx/model.js'
import { type LayersModelArtifacts, WeightStore } from './artifacts.js'
import { CHANNELS_FIRST, channelsFirstOrder, type Feature, Layouts, plainFeature, tfjsShape } from './feature.js'
import type { LayerCall, LayerHandler } from './layer-call.js'
import { LayerConfig } from './layer-config.js'
import { outputMask, type SharedArguments } from './mask.js'
import { renamedOutputs } from './rename.js'
import { LAYER_HANDLERS } from './table.js'
import {
  inputShape,
  isModelClass,
  isObject,
  type Json,
  type LayerDescription,
  MAX_DEPTH,
  modelOf,
  readTopology,
  short,
  type Topology,
  tooDeep,
} from './topology.js'
import { walk } from './walk.js'
import type { WeightBinding } from './weight-binding.js'
import { WeightLoader } from './weight-loader.js'

export interface ConvertOptions {
  /** Name of the graph; by default the model's. */
  readonly name?: string
  /** Inputs and outputs of rank 4 and 5 are [N, C, …spatial] instead of tfjs's [N, …spatial, C]. Default false. */
  readonly nchw?: boolean
  /** Names of the graph's inputs, in the model's order; by default those of the input layers. */
  readonly inputNames?: readonly string[]
  /** Names of the graph's outputs; by default those of the output layers. */
  readonly outputNames?: readonly string[]
  /** Adds an output of this name: the softmax, along the last axis, of the model's only output. */
  readonly probabilities?: string
  /** Name of the dynamic batch dimension. Default `batch`. */
  readonly batchDimension?: string
  /** Handlers of the user's own layers by class name; they go before the table's. */
  readonly handlers?: Readonly<Record<string, LayerHandler>>
  /** The graph is to be trained: Dropout stays. Default false. */
  readonly training?: boolean
  /** metadata_props of the model. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly docString?: string
}

export interface ConvertedModel {
  readonly model: Model
  /** Where each weight of the LayersModel is in the graph. */
  readonly weights: readonly WeightBinding[]
  /** What converts but looks wrong: weights that are not finite. */
  readonly warnings: readonly string[]
}

/** Version of this converter, written as producer_version. */
export const PRODUCER_VERSION = '0.1.0'

/** tfjs's data types of inputs. */
const INPUT_TYPES: Readonly<Record<string, DataType>> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  bool: DataType.BOOL,
}

/**
 * Converts a saved LayersModel. Throws a UserError for what is malformed, or for a layer or option that ONNX or this
 * converter does not have.
 */
export function convertLayersModel(artifacts: LayersModelArtifacts, options: ConvertOptions = {}): ConvertedModel {
  const topology = readTopology(artifacts.modelTopology)
  const g = new GraphBuilder(options.name ?? topology.name)
  const inputs = graphInputs(g, topology, options)
  const weights = new WeightLoader(g, new WeightStore(artifacts), new Set(inputs.map(({ value }) => value.name)))
  const layouts = new Layouts(g)
  const converter = new LayerConverter(g, weights, layouts, options)

  const outputs = converter.model(topology, inputs)
  const channelsLast = !usesChannelsFirst(topology)
  const values = outputs.map((output) => edgeValue(layouts, output, options.nchw === true && channelsLast))
  const names = outputNames(topology, inputs, options)
  if (names.length !== values.length) {
    throw new UserError('USAGE', `outputNames: expected ${values.length} names, found ${names.length}`)
  }
  // A value that is an input, or stands for two outputs, needs a node of its own to bear the output's name.
  const own = values.map((value, index) =>
    inputs.some((input) => input.value === value) || values.indexOf(value) !== index ? identity(g, value) : value,
  )
  for (const value of own) g.output(value)
  if (options.probabilities !== undefined) {
    const [logits, ...others] = own
    if (logits === undefined || others.length > 0) {
      throw new UserError('USAGE', `probabilities: expected a model of one output, found ${own.length}`)
    }
    g.output(softmax(g, logits, { axis: -1 }))
    names.push(options.probabilities)
  }
  const graph = renamedOutputs(g.graph(options.docString), names)
  const model: Model = {
    irVersion: IR_VERSION,
    opsets: { '': OPSET },
    producerName: 'mnist-export',
    producerVersion: PRODUCER_VERSION,
    domain: '',
    modelVersion: 1,
    docString: options.docString ?? '',
    graph,
    metadata: options.metadata ?? {},
  }
  return { model, weights: weights.bindings, warnings: weights.warnings }
}

/**
 * Calls of layers in one model, nested ones counted each time: a few kilobytes of JSON can nest models that call one another
 * twice at every level.
 */
const MAX_CALLS = 10_000

/** Where a layer stands: what it shares with the calls before it, and what holds it. */
interface Place {
  readonly shared: SharedArguments
  /** Names of the wrappers around it, under which its weights may be saved. */
  readonly wrappers: readonly string[]
  /** Names of the models and wrappers around it. */
  readonly path: readonly string[]
  /** The scope of the calls around it in the graph. */
  readonly scope: string
}

/** Converts layers one at a time, nested models by walking into them. */
class LayerConverter {
  readonly #g: GraphBuilder
  readonly #weights: WeightLoader
  readonly #layouts: Layouts
  readonly #handlers: ReadonlyMap<string, LayerHandler>
  readonly #training: boolean
  /** How often each scope was entered: the second call of a layer has names of its own. */
  readonly #scopes = new Map<string, number>()
  #calls = 0

  constructor(g: GraphBuilder, weights: WeightLoader, layouts: Layouts, options: ConvertOptions) {
    this.#g = g
    this.#weights = weights
    this.#layouts = layouts
    this.#handlers = new Map(Object.entries({ ...LAYER_HANDLERS, ...options.handlers }))
    this.#training = options.training ?? false
  }

  /** A model called on `inputs`. Without `outer`, its calls begin to share arguments with the first mask. */
  model(topology: Topology, inputs: readonly Feature[], outer?: Place): readonly Feature[] {
    const { wrappers = [], path = [], scope = '' } = outer ?? {}
    let shared: SharedArguments | undefined = outer?.shared
    return walk(topology, inputs, (layer, features) => {
      if (features.some(({ mask }) => mask !== undefined)) {
        shared ??= {}
        shared.mask = features[0]?.mask
      }
      return this.layer(layer, features, { shared: shared ?? {}, wrappers, path, scope })
    })
  }

  layer(layer: LayerDescription, inputs: readonly Feature[], place: Place): readonly Feature[] {
    if (++this.#calls > MAX_CALLS) {
      throw new UserError(
        'UNSUPPORTED',
        `layer ${layer.name}: expected at most ${MAX_CALLS} calls of layers, found more`,
      )
    }
    if (place.path.length > MAX_DEPTH) throw tooDeep(`layer ${layer.name}`)
    const name = this.#scopeName(layer, place)
    const scope = `${place.scope}/${name}`
    return this.#g.scoped(name, () => {
      if (isModelClass(layer.className)) {
        const where = `layer ${layer.name}`
        const inner = modelOf({ class_name: layer.className, config: layer.config }, where, place.path.length)
        // tfjs gives a nested model its inputs without their masks.
        const bare = inputs.map(({ value, layout }) => ({ value, layout }))
        const within = { ...place, path: [...place.path, layer.name], scope }
        return this.model(inner, bare, within).map(({ value, layout }) => ({ value, layout }))
      }
      const handler = this.#handlers.get(layer.className)
      if (handler === undefined) throw unknownLayer(layer, place.path)
      const made = fitting(layer, () => handler(this.#call(layer, inputs, { ...place, scope })))
      const outputs = 'value' in made ? [made] : made
      return outputs.map((output) => ({ ...output, mask: outputMask(layer, inputs, output.mask) }))
    })
  }

  #scopeName({ name }: LayerDescription, { scope }: Place): string {
    const key = `${scope}/${name}`
    const calls = (this.#scopes.get(key) ?? 0) + 1
    this.#scopes.set(key, calls)
    return calls === 1 ? name : `${name}_${calls}`
  }

  #call(layer: LayerDescription, inputs: readonly Feature[], { shared, wrappers, path, scope }: Place): LayerCall {
    const config = new LayerConfig(layer.className, layer.name, layer.config)
    const input = (): Feature => {
      const [only, ...others] = inputs
      if (only === undefined || others.length > 0) {
        throw new UserError('INPUT', `${config.where}: expected one input, found ${inputs.length}`)
      }
      return only
    }
    return {
      g: this.#g,
      config,
      inputs,
      training: this.#training,
      mask: shared.mask,
      input,
      shape: (feature) => tfjsShape(feature ?? input()),
      plain: (feature) => this.#layouts.plain(feature),
      channelsFirst: (feature) => this.#layouts.channelsFirst(feature),
      aligned: (features) => this.#layouts.aligned(features),
      weight: (name, request) => this.#weights.load(config, name, { ...request, wrappers }),
      weightShape: (name) => this.#weights.shapeOf(config, name, wrappers),
      convert: (inner, features) => {
        const mask = shared.mask === undefined ? {} : { mask: 'unusable' as const }
        const around = { wrappers: [...wrappers, layer.name], path: [...path, layer.name], scope }
        return this.layer(inner, features, { shared: mask, ...around })
      },
    }
  }
}

/**
 * What `build` makes; where shapes or types do not fit, shape inference finds it, and the layer is named. A broken invariant of
 * ours stays what it is.
 */
function fitting<T>({ name, className }: LayerDescription, build: () => T): T {
  try {
    return build()
  } catch (cause) {
    if (!(cause instanceof Error) || cause.constructor !== Error || cause.message.startsWith('internal:')) throw cause
    const expected = 'expected inputs that fit its configuration'
    throw new UserError('INPUT', `layer ${name} (${className}): ${expected}, found ${cause.message}`, { cause })
  }
}

function unknownLayer({ name, className }: LayerDescription, path: readonly string[]): UserError {
  const remedy = `to convert it, pass handlers: { '${className}': (call) => … }, on the command line by --handlers FILE`
  return new UserError(
    'UNSUPPORTED',
    `layer ${[...path, name].join('/')}: expected a layer class that converts, found ${className}; ${remedy}`,
  )
}

/** Declares the model's inputs, in the layout that the user asked for. */
function graphInputs(g: GraphBuilder, topology: Topology, options: ConvertOptions): Feature[] {
  const { nchw = false, batchDimension = 'batch', inputNames } = options
  if (inputNames !== undefined && inputNames.length !== topology.inputs.length) {
    throw new UserError('USAGE', `inputNames: expected ${topology.inputs.length} names, found ${inputNames.length}`)
  }
  const channelsLast = !usesChannelsFirst(topology)
  const taken = new Set<string>()
  return topology.inputs.map(({ layer: layerName }, index) => {
    const layer = topology.layers.get(layerName)
    if (layer === undefined) throw new UserError('INPUT', `input_layers: expected a layer, found ${layerName}`)
    const name = inputNames?.[index] ?? layerName
    if (name === '' || taken.has(name)) {
      throw new UserError('INPUT', `inputs: expected a name of its own for each, found "${name}" twice or empty`)
    }
    taken.add(name)
    const shape = inputDimensions(layer, name, batchDimension)
    const dtype = layer.config.dtype ?? 'float32'
    const dataType = typeof dtype === 'string' ? INPUT_TYPES[dtype] : undefined
    if (dataType === undefined) {
      throw new UserError(
        'UNSUPPORTED',
        `layer ${layerName}: dtype, expected float32, int32 or bool, found ${short(dtype)}`,
      )
    }
    const spatial = shape.length === 4 || shape.length === 5
    if (!(nchw && spatial))
      return plainFeature(g.input({ name, dataType, shape, ...denotations(shape, !channelsLast) }))
    if (!channelsLast) return plainFeature(g.input({ name, dataType, shape, ...denotations(shape, true) }))
    const first = channelsFirstOrder(shape.length).map((axis) => shape[axis] ?? 0) // NHWC -> NCHW
    return { value: g.input({ name, dataType, shape: first, ...denotations(first, true) }), layout: CHANNELS_FIRST }
  })
}

function inputDimensions(layer: LayerDescription, name: string, batchDimension: string): Shape {
  const shape = inputShape(layer.config)
  if (shape === undefined) {
    throw new UserError('INPUT', `layer ${layer.name} (${layer.className}): expected batch_input_shape, found none`)
  }
  return shape.map((dim, axis): Dimension => {
    if (dim === null) return axis === 0 ? batchDimension : `${name}_${axis}`
    if (typeof dim === 'number' && Number.isSafeInteger(dim) && dim > 0) return dim
    throw new UserError(
      'INPUT',
      `layer ${layer.name}: batch_input_shape, expected sizes or null, found ${short(shape)}`,
    )
  })
}

/** ONNX's denotations of a picture: rank 4 with 1, 3 or 4 channels, a size that is no bigger than the sides'. */
function denotations(shape: Shape, channelsFirst: boolean): Pick<ValueInfo, 'denotation' | 'dimensionDenotations'> {
  const channels = shape[channelsFirst ? 1 : 3]
  if (shape.length !== 4 || (channels !== 1 && channels !== 3 && channels !== 4)) return {}
  const dimensionDenotations = channelsFirst
    ? ['DATA_BATCH', 'DATA_CHANNEL', 'DATA_FEATURE', 'DATA_FEATURE']
    : ['DATA_BATCH', 'DATA_FEATURE', 'DATA_FEATURE', 'DATA_CHANNEL']
  return { denotation: 'IMAGE', dimensionDenotations }
}

/** Whether a layer, at any depth, says that tfjs's own tensors have their channels second: then `nchw` changes nothing. */
function usesChannelsFirst({ layers }: Topology): boolean {
  const pending: Json[] = [...layers.values()].map(({ config }) => config)
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (Array.isArray(value)) {
      for (const entry of value) pending.push(entry)
    } else if (isObject(value)) {
      const format = value.data_format ?? value.dataFormat
      if (format === 'channels_first' || format === 'channelsFirst') return true
      for (const entry of Object.values(value)) pending.push(entry)
    }
  }
  return false
}

function edgeValue(layouts: Layouts, feature: Feature, nchw: boolean): Value {
  const rank = feature.value.shape.length
  return nchw && (rank === 4 || rank === 5) ? layouts.channelsFirst(feature) : layouts.plain(feature)
}

/** Those given, or those of the output layers, each with a number where another output or an input has it. */
function outputNames(
  { outputs }: Topology,
  inputs: readonly Feature[],
  { outputNames: given }: ConvertOptions,
): string[] {
  if (given !== undefined) return [...given]
  const taken = new Set(inputs.map(({ value }) => value.name))
  return outputs.map(({ layer }) => {
    let name = layer
    for (let suffix = 1; taken.has(name); suffix++) name = `${layer}_${suffix}`
    taken.add(name)
    return name
  })
}
