/**
 * Types and shapes of a node's outputs from those of its inputs, by the rules of the operator specifications (opset 17).
 * A table op → rule; an op without a rule throws, it is never guessed.
 */
import type { DataType, Dimension, Node, Shape, Tensor } from '../onnx/model.js'

export interface TypedShape {
  readonly dataType: DataType
  readonly shape: Shape
  /** The elements, where they follow from the inputs alone (Shape, Concat of shapes …). */
  readonly constant?: Tensor
}

export type InferenceRule = (node: Node, inputs: readonly (TypedShape | undefined)[]) => TypedShape[]

const RULES: Readonly<Record<string, InferenceRule>> = {}

export function inferOutputs(node: Node, inputs: readonly (TypedShape | undefined)[]): TypedShape[] {
  const rule = RULES[node.domain === '' ? node.opType : `${node.domain}.${node.opType}`]
  if (rule === undefined) throw new Error(`shape inference: no rule for ${node.opType} (node ${node.name})`)
  return rule(node, inputs)
}

export type { Dimension }
