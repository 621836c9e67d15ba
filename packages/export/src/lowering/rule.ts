/** What a lowering rule is given and gives. */
import type { GraphBuilder, Value } from '../graph/builder.js'
import type { TypedShape } from '../graph/shape-inference.js'
import type { Node, Shape } from '../onnx/model.js'
import type { BatchLayout } from './placement.js'

export interface LoweringCall {
  /** The graph under construction, whose batch is known. */
  readonly g: GraphBuilder
  /** The node of the original graph. */
  readonly node: Node
  /** The batch: pictures a step. */
  readonly batch: number
  /** Type and shape of an input in the original graph. */
  type(index: number): TypedShape
  isBatched(index: number): boolean
  /** An input in the original layout. */
  original(index: number): Value
  /** An input with the batch last; one without a batch as it broadcasts against a value of `rank`. */
  batchLast(index: number, rank?: number): Value
  hasInput(index: number): boolean
  /** The same by name, for values around the node. */
  typeOf(name: string): TypedShape
  isBatchedValue(name: string): boolean
  originalOf(name: string): Value
  batchLastOf(name: string): Value
  /** The node that makes the value, if the node at hand (or one that it absorbs) is the only one that takes it. */
  onlyProducer(name: string): Node | undefined
  /** The first output's shape in the original graph, and whether it has the batch as its first axis. */
  readonly outputShape: Shape
  readonly isOutputBatched: boolean
  /** What another rule made under this key from the same values, or what `make` makes: transforms that several nodes share. */
  shared(key: string, make: () => Value): Value
}

export interface Lowered {
  readonly value: Value
  readonly layout: BatchLayout
}

/** Builds what stands for the node's outputs, or returns undefined where it has nothing better than the node itself. */
export type LoweringRule = (call: LoweringCall) => Lowered | undefined

export function batchLast(value: Value): Lowered {
  return { value, layout: 'batch-last' }
}

export function original(value: Value): Lowered {
  return { value, layout: 'original' }
}
