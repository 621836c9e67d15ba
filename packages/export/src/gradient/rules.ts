/**
 * The table of gradient rules: ONNX operator (ai.onnx, opset 17) → rule; composite operators of the training forward pass by
 * `domain.OpType`.
 */
import type { GradientRule } from './rule.js'
import { ACTIVATION_GRADIENTS } from './rules/activation.js'
import { CONSTANT_GRADIENTS } from './rules/constant.js'
import { CONVOLUTION_GRADIENTS } from './rules/convolution.js'
import { ELEMENTWISE_GRADIENTS } from './rules/elementwise.js'
import { INDEXING_GRADIENTS } from './rules/indexing.js'
import { LINEAR_GRADIENTS } from './rules/linear.js'
import { NORMALIZATION_GRADIENTS } from './rules/normalization.js'
import { POOLING_GRADIENTS } from './rules/pooling.js'
import { REDUCTION_GRADIENTS } from './rules/reduction.js'
import { resize } from './rules/resize.js'
import { SHAPE_GRADIENTS } from './rules/shape.js'

export const GRADIENT_RULES: Readonly<Record<string, GradientRule>> = {
  ...ACTIVATION_GRADIENTS,
  ...CONSTANT_GRADIENTS,
  ...CONVOLUTION_GRADIENTS,
  ...ELEMENTWISE_GRADIENTS,
  ...INDEXING_GRADIENTS,
  ...LINEAR_GRADIENTS,
  ...NORMALIZATION_GRADIENTS,
  ...POOLING_GRADIENTS,
  ...REDUCTION_GRADIENTS,
  ...SHAPE_GRADIENTS,
  Resize: resize,
}
