/**
 * Where a value lies while a graph is lowered. Values of the original graph that have the batch as their first axis are held
 * with it as their last, [N, C, H, W] → [C, H, W, N]: rows of N floats are contiguous, so that slices, pads and concatenations
 * along any other axis copy long runs, channel sums run over contiguous rows, and dense layers are plain matrix products.
 * What a rule does not ask for in that layout stays in the original one; each of the two is made at most once.
 */
import type { GraphBuilder, Value } from '../graph/builder.js'
import { reshape, transpose } from '../graph/ops/index.js'
import type { TypedShape } from '../graph/shape-inference.js'

export type BatchLayout = 'original' | 'batch-last'

export class Placement {
  readonly #g: GraphBuilder
  readonly #types: ReadonlyMap<string, TypedShape>
  readonly #batch: string
  readonly #values = new Map<string, Map<BatchLayout, Value>>()

  /** `types` are those of the original graph, in which `batch` names the dynamic dimension. */
  constructor(g: GraphBuilder, types: ReadonlyMap<string, TypedShape>, batch: string) {
    this.#g = g
    this.#types = types
    this.#batch = batch
  }

  /** Type and shape in the original graph. */
  type(name: string): TypedShape {
    const type = this.#types.get(name)
    if (type === undefined) throw new Error(`internal: lowering: no type for ${name}`)
    return type
  }

  /** Whether the value has the batch as its first axis and known lengths for the others. */
  isBatched(name: string): boolean {
    const [first, ...rest] = this.type(name).shape
    return first === this.#batch && rest.every((dim) => typeof dim === 'number')
  }

  place(name: string, value: Value, layout: BatchLayout): void {
    const places = this.#values.get(name) ?? new Map<BatchLayout, Value>()
    places.set(layout, value)
    this.#values.set(name, places)
  }

  /** Whether the value is already held in that layout. */
  has(name: string, layout: BatchLayout): boolean {
    return this.#values.get(name)?.has(layout) ?? false
  }

  original(name: string): Value {
    return this.#placed(name, 'original', (value) => {
      const rank = value.shape.length
      if (rank < 2) return value
      return transpose(this.#g, value, { perm: [rank - 1, ...Array.from({ length: rank - 1 }, (_, axis) => axis)] })
    })
  }

  /** [N, …] → […, N]. Of a value without a batch: broadcast against one of `rank`, its first axis (of length 1) last. */
  batchLast(name: string, rank?: number): Value {
    if (!this.isBatched(name)) return this.#broadcastable(name, rank)
    return this.#placed(name, 'batch-last', (value) => {
      if (value.shape.length < 2) return value
      // A transpose of one row is a matter of names.
      const [n, ...rest] = value.shape as number[]
      const elements = rest.reduce((product, dim) => product * dim, 1)
      if (elements === 1 || n === 1) return reshape(this.#g, value, this.#g.int64s([...rest, n as number], 'shape'))
      return transpose(this.#g, value, { perm: [...rest.map((_, axis) => axis + 1), 0] })
    })
  }

  #broadcastable(name: string, rank: number | undefined): Value {
    const value = this.original(name)
    const shape = value.shape as number[]
    if (rank === undefined || shape.length === 0 || rank < 2) return value
    const padded = [...Array(rank - shape.length).fill(1), ...shape]
    if (padded[0] !== 1) throw new Error(`internal: lowering: ${name} [${shape.join(', ')}] varies along the batch`)
    return reshape(this.#g, value, this.#g.int64s([...padded.slice(1), 1], 'shape'))
  }

  #placed(name: string, layout: BatchLayout, from: (other: Value) => Value): Value {
    const places = this.#values.get(name)
    const known = places?.get(layout)
    if (known !== undefined) return known
    const other = places?.get(layout === 'original' ? 'batch-last' : 'original')
    if (other === undefined) throw new Error(`internal: lowering: no value ${name}`)
    const made = from(other)
    this.place(name, made, layout)
    return made
  }
}
