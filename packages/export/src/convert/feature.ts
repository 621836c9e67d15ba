/**
 * A tfjs tensor as the graph holds it. tfjs keeps channels last ([N, H, W, C]); ONNX's convolutions and pools want them
 * second ([N, C, H, W]). A feature says which of the two its value is, so that a transpose is made only where a layer needs
 * the other one, and once for all layers that do.
 */
import type { GraphBuilder, Value } from '../graph/builder.js'
import { flatten, reshape, transpose } from '../graph/ops/index.js'
import type { Shape } from '../onnx/model.js'
import type { Mask } from './mask.js'

export type Layout =
  /** The value has tfjs's own axes and order of elements. */
  | { readonly kind: 'plain' }
  /** tfjs: [N, …spatial, C]. The value: [N, C, …spatial]. */
  | { readonly kind: 'channels-first' }
  /** tfjs: [N, …spatial, C] flattened to rank 2. The value: [N, C, …spatial] flattened; `dims` are [C, …spatial]. */
  | { readonly kind: 'flattened'; readonly dims: readonly number[] }

export interface Feature {
  readonly value: Value
  readonly layout: Layout
  /** Which time steps count, where tfjs keeps a mask beside the tensor. */
  readonly mask?: Mask | undefined
}

export const PLAIN: Layout = { kind: 'plain' }
export const CHANNELS_FIRST: Layout = { kind: 'channels-first' }

/** [N, …spatial, C] → [N, C, …spatial]. */
export function channelsFirstOrder(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 1)]
}

/** [N, C, …spatial] → [N, …spatial, C]. */
export function channelsLastOrder(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1]
}

/** A value in tfjs's own layout. */
export function plainFeature(value: Value): Feature {
  return { value, layout: PLAIN }
}

/** A value [N, C, …spatial] that stands for tfjs's [N, …spatial, C]; up to rank 2 the two are the same. */
export function channelsFirstFeature(value: Value): Feature {
  return { value, layout: value.shape.length > 2 ? CHANNELS_FIRST : PLAIN }
}

/** The shape that tfjs gives the tensor. */
export function tfjsShape({ value: { shape }, layout }: Feature): Shape {
  return layout.kind === 'channels-first' ? channelsLastOrder(shape.length).map((axis) => shape[axis] ?? 0) : shape
}

/** Where the value has tfjs's `axis` (from 0, or from -1 backwards). */
export function axisOf({ value, layout }: Feature, axis: number): number {
  const rank = value.shape.length
  const positive = axis < 0 ? axis + rank : axis
  return layout.kind === 'channels-first' ? channelsFirstOrder(rank).indexOf(positive) : positive
}

/** Makes the transposes of a graph, each at most once. */
export class Layouts {
  readonly #g: GraphBuilder
  readonly #plain = new Map<string, Value>()
  readonly #channelsFirst = new Map<string, Value>()

  constructor(g: GraphBuilder) {
    this.#g = g
  }

  /** The value in tfjs's layout. */
  plain({ value, layout }: Feature): Value {
    if (layout.kind === 'plain') return value
    return remembered(this.#plain, value.name, () => {
      const g = this.#g
      if (layout.kind === 'channels-first') {
        return reordered(g, value, channelsLastOrder(value.shape.length)) // NCHW -> NHWC
      }
      // A zero in a Reshape's shape keeps the dimension: the batch.
      const first = reshape(g, value, g.int64s([0, ...layout.dims], 'channels_first'))
      const last = reordered(g, first, channelsLastOrder(first.shape.length)) // NCHW -> NHWC
      return flatten(g, last, { axis: 1 })
    })
  }

  /** The value as [N, C, …spatial]. */
  channelsFirst(feature: Feature): Value {
    const { value, layout } = feature
    if (layout.kind === 'channels-first' || value.shape.length < 3) return this.#asIs(feature)
    return remembered(
      this.#channelsFirst,
      value.name,
      () => reordered(this.#g, value, channelsFirstOrder(value.shape.length)), // NHWC -> NCHW
    )
  }

  /** The features in one layout, so that they can be combined element by element: channels first where one is. */
  aligned(features: readonly Feature[]): { values: Value[]; layout: Layout } {
    const ranks = new Set(features.map(({ value }) => value.shape.length))
    const first = features.find(({ layout }) => layout.kind === 'channels-first')
    if (first !== undefined && ranks.size === 1) {
      return { values: features.map((feature) => this.channelsFirst(feature)), layout: CHANNELS_FIRST }
    }
    return { values: features.map((feature) => this.plain(feature)), layout: PLAIN }
  }

  #asIs(feature: Feature): Value {
    return feature.layout.kind === 'channels-first' ? feature.value : this.plain(feature)
  }
}

/**
 * A transposition, written as a Reshape where no element moves: where the axes longer than 1 keep their order. One dimension but
 * the batch may be dynamic then: a Reshape can work out one.
 */
function reordered(g: GraphBuilder, value: Value, perm: readonly number[]): Value {
  const moving = perm.filter((axis) => axis !== 0 && value.shape[axis] !== 1)
  const stays = moving.every((axis, index) => index === 0 || axis > (moving[index - 1] ?? 0))
  const target = perm.slice(1).map((axis) => value.shape[axis] ?? 1)
  if (!stays || target.filter((dim) => typeof dim === 'string').length > 1) return transpose(g, value, { perm })
  const sizes = target.map((dim) => (typeof dim === 'number' ? dim : -1))
  // A zero keeps the dimension at its place: the batch.
  return reshape(g, value, g.int64s([0, ...sizes], 'reordered'))
}

function remembered(cache: Map<string, Value>, name: string, make: () => Value): Value {
  const known = cache.get(name)
  if (known !== undefined) return known
  const made = make()
  cache.set(name, made)
  return made
}
