/** What a layer's handler sees: the graph under construction, the layer's configuration, its inputs and its weights. */
import type { GraphBuilder, Value } from '../graph/builder.js'
import type { Shape } from '../onnx/model.js'
import type { Feature, Layout } from './feature.js'
import type { LayerConfig } from './layer-config.js'
import type { Mask } from './mask.js'
import type { LayerDescription } from './topology.js'
import type { WeightLayout } from './weight-binding.js'

export interface WeightRequest {
  /** Suffix of the initializer's name: `weight` makes `conv1.weight`. */
  readonly as: string
  /** The shape that tfjs's weight must have. */
  readonly shape: readonly number[]
  /** How its elements are laid out in the graph; as in tfjs by default. */
  readonly layout?: WeightLayout
}

/** One call of one layer. */
export interface LayerCall {
  readonly g: GraphBuilder
  readonly config: LayerConfig
  readonly inputs: readonly Feature[]
  /** Whether the graph is to be trained: what only matters in training (Dropout) is kept. */
  readonly training: boolean
  /** The mask that tfjs hands to the layer; most layers do not look at it. */
  readonly mask: Mask | undefined
  /** The one input of a layer that has one. */
  input(): Feature
  /** The shape of a feature in tfjs, or of the one input. */
  shape(feature?: Feature): Shape
  /** The value in tfjs's layout; a transpose is added where it has another. */
  plain(feature: Feature): Value
  /** The value as [N, C, …spatial]; a transpose is added where it is [N, …spatial, C]. */
  channelsFirst(feature: Feature): Value
  /** All values in one layout. */
  aligned(features: readonly Feature[]): { values: Value[]; layout: Layout }
  /** tfjs's weight `<layer>/<name>` as an initializer of the graph. */
  weight(name: string, request: WeightRequest): Value
  /** The shape of that weight as saved; undefined where there is none. */
  weightShape(name: string): readonly number[] | undefined
  /** Converts the layer that a wrapper holds; its weights may be saved under the wrapper's name. */
  convert(layer: LayerDescription, inputs: readonly Feature[]): readonly Feature[]
}

/** Adds one call of a layer to the graph and returns its outputs. */
export type LayerHandler = (call: LayerCall) => Feature | readonly Feature[]
