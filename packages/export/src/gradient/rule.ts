/** What a gradient rule is given and gives. */
import type { GraphBuilder, Value } from '../graph/builder.js'
import type { Node } from '../onnx/model.js'

export interface GradientCall {
  /** The graph in which the gradient's nodes are built. */
  readonly g: GraphBuilder
  /** The forward node. */
  readonly node: Node
  /** Its inputs; undefined where an optional one is left out. */
  readonly inputs: readonly (Value | undefined)[]
  readonly outputs: readonly Value[]
  /** The loss's gradient with respect to the node's first output, of that output's shape. */
  readonly dy: Value
  /** The same for each output; undefined where the loss does not depend on it. */
  readonly dys: readonly (Value | undefined)[]
  /** Whether the gradient of input `index` is wanted: rules leave the others out. */
  needs(index: number): boolean
}

/** The loss's gradients with respect to the node's inputs, each of its input's shape; undefined for those not wanted. */
export type GradientRule = (call: GradientCall) => readonly (Value | undefined)[]

/** The input at `index`, which the operator's specification requires. */
export function operand({ node, inputs }: Pick<GradientCall, 'node' | 'inputs'>, index: number): Value {
  const input = inputs[index]
  if (input === undefined) throw new Error(`${node.opType} ${node.name}: expected an input ${index}, found none`)
  return input
}

/** The node's first output. */
export function result({ node, outputs }: Pick<GradientCall, 'node' | 'outputs'>): Value {
  const [output] = outputs
  if (output === undefined) throw new Error(`${node.opType} ${node.name}: expected an output, found none`)
  return output
}
