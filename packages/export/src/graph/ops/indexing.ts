/** Ops that pick or place elements by index. */
import { type GraphBuilder, int, string, type Value } from '../builder.js'

export const gather = (g: GraphBuilder, data: Value, indices: Value, { axis = 0 } = {}): Value =>
  g.op('Gather', [data, indices], { attributes: { axis: int(axis) } })

export const gatherElements = (g: GraphBuilder, data: Value, indices: Value, { axis = 0 } = {}): Value =>
  g.op('GatherElements', [data, indices], { attributes: { axis: int(axis) } })

export interface ScatterElementsOptions {
  readonly axis?: number
  readonly reduction?: 'none' | 'add' | 'mul'
}

/** A copy of `data` in which `updates` stand at `indices`, or are added there. */
export function scatterElements(
  g: GraphBuilder,
  [data, indices, updates]: readonly [Value, Value, Value],
  { axis = 0, reduction = 'none' }: ScatterElementsOptions = {},
): Value {
  return g.op('ScatterElements', [data, indices, updates], {
    attributes: { axis: int(axis), reduction: string(reduction) },
  })
}

/** `values` is [off, on]; a new last axis of length `depth` unless `axis` says where. */
export const oneHot = (g: GraphBuilder, indices: Value, depth: Value, values: Value, axis = -1): Value =>
  g.op('OneHot', [indices, depth, values], { attributes: { axis: int(axis) } })

/** A copy of `data` […] in which `updates` [i…, rest…] stand, or are added, at the `indices` [i…, depth] of its first axes. */
export function scatterND(
  g: GraphBuilder,
  [data, indices, updates]: readonly [Value, Value, Value],
  { reduction = 'none' }: Pick<ScatterElementsOptions, 'reduction'> = {},
): Value {
  return g.op('ScatterND', [data, indices, updates], { attributes: { reduction: string(reduction) } })
}
