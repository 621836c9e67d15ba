/**
 * Types and shapes of a node's outputs from those of its inputs, by the rules of the operator specifications (ai.onnx opset
 * 17). A table op → rule; an op without a rule throws, it is never guessed.
 */
import type { DataType, Dimension, Node, Shape, Tensor } from '../onnx/model.js'
import { CONTROL_RULES } from './inference/control.js'
import { CONVOLUTION_RULES } from './inference/convolution.js'
import { ELEMENTWISE_RULES } from './inference/elementwise.js'
import { INDEXING_RULES } from './inference/indexing.js'
import { LINEAR_RULES } from './inference/linear.js'
import { NORMALIZATION_RULES } from './inference/normalization.js'
import { POOLING_RULES } from './inference/pooling.js'
import { QUANTIZATION_RULES } from './inference/quantization.js'
import { RECURRENCE_RULES } from './inference/recurrence.js'
import { REDUCTION_RULES } from './inference/reduction.js'
import { SHAPE_RULES } from './inference/shape.js'

export interface TypedShape {
  readonly dataType: DataType
  readonly shape: Shape
  /** The tensor, where it is an initializer or a constant. */
  readonly constant?: Tensor | undefined
  /** The elements of a computed vector or scalar of shape lengths, each known or named. */
  readonly elements?: readonly Dimension[] | undefined
}

export type InferenceRule = (node: Node, inputs: readonly (TypedShape | undefined)[]) => readonly TypedShape[]

/** Rules by op type; those of a domain other than ai.onnx by `domain.OpType`. */
export type InferenceRules = Readonly<Record<string, InferenceRule>>

export const STANDARD_RULES: InferenceRules = {
  ...CONTROL_RULES,
  ...CONVOLUTION_RULES,
  ...ELEMENTWISE_RULES,
  ...INDEXING_RULES,
  ...LINEAR_RULES,
  ...NORMALIZATION_RULES,
  ...POOLING_RULES,
  ...QUANTIZATION_RULES,
  ...RECURRENCE_RULES,
  ...REDUCTION_RULES,
  ...SHAPE_RULES,
}

/** @throws Error where the op has no rule, or its inputs do not fit together. */
export function inferOutputs(
  node: Node,
  inputs: readonly (TypedShape | undefined)[],
  rules: InferenceRules = STANDARD_RULES,
): readonly TypedShape[] {
  const rule = rules[ruleKey(node)]
  if (rule === undefined) throw new Error(`shape inference: no rule for ${ruleKey(node)} (node ${node.name})`)
  return rule(node, inputs)
}

export function ruleKey({ domain, opType }: Pick<Node, 'domain' | 'opType'>): string {
  return domain === '' ? opType : `${domain}.${opType}`
}
