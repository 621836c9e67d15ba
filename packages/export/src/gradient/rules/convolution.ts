/** Gradients of Conv, y = x ⋆ w + b: dx is dy spread by w, dw correlates x with dy, db sums dy over batch and space. */
import type { Value } from '../../graph/builder.js'
import { conv as convOp, reduceSum } from '../../graph/ops/index.js'
import { convFilterGradient, convInputGradient, forwardGeometry } from '../composite.js'
import { type GradientCall, type GradientRule, operand } from '../rule.js'

const conv: GradientRule = (call) => {
  const { g, node, dy, needs } = call
  const x = operand(call, 0)
  const w = operand(call, 1)
  const geometry = forwardGeometry(node, x, w.shape.slice(2))
  return [
    needs(0) ? convInputGradient(g, dy, w, geometry) : undefined,
    needs(1) ? convFilterGradient(g, x, dy, geometry) : undefined,
    needs(2) ? biasGradient(call) : undefined,
  ]
}

/**
 * Conv's gradient turned round: ConvTranspose (x [N, C, …], w [C, M/group, …]) spreads x by w, so dx = dy ⋆ w, and w's gradient is
 * that of a convolution from dy to x.
 */
const convTranspose: GradientRule = (call) => {
  const { g, node, dy, needs } = call
  const x = operand(call, 0)
  const w = operand(call, 1)
  const { kernel, strides, pads, dilations, group, ...rest } = forwardGeometry(node, dy, w.shape.slice(2))
  const window = { strides, pads, dilations, group }
  return [
    needs(0) ? convOp(g, [dy, w], { kernelShape: kernel, ...window }) : undefined,
    needs(1) ? convFilterGradient(g, dy, x, { kernel, ...window, ...rest }) : undefined,
    needs(2) ? biasGradient(call) : undefined,
  ]
}

/** dy [N, M, …] → [M] */
function biasGradient({ g, dy }: GradientCall): Value {
  const axes = dy.shape.map((_, axis) => axis).filter((axis) => axis !== 1)
  return reduceSum(g, dy, { axes, keepdims: 0 })
}

export const CONVOLUTION_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
}
