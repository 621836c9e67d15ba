/** The table of gradient rules: ONNX operator (ai.onnx, opset 17) → rule. */
import type { GradientRule } from './rule.js'
import { CONVOLUTION_GRADIENTS } from './rules/convolution.js'
import { ELEMENTWISE_GRADIENTS } from './rules/elementwise.js'
import { LINEAR_GRADIENTS } from './rules/linear.js'
import { POOLING_GRADIENTS } from './rules/pooling.js'
import { SHAPE_GRADIENTS } from './rules/shape.js'

export const GRADIENT_RULES: Readonly<Record<string, GradientRule>> = {
  ...CONVOLUTION_GRADIENTS,
  ...ELEMENTWISE_GRADIENTS,
  ...LINEAR_GRADIENTS,
  ...POOLING_GRADIENTS,
  ...SHAPE_GRADIENTS,
}
