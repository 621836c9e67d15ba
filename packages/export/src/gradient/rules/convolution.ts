/** Gradients of Conv. y = x ⋆ w + b: dx is dy spread by w, dw correlates x with dy, db sums dy over batch and space. */
import { reduceSum } from '../../graph/ops/index.js'
import { convFilterGradient, convInputGradient, forwardGeometry } from '../composite.js'
import { type GradientRule, operand } from '../rule.js'

const conv: GradientRule = (call) => {
  const { g, node, dy, needs } = call
  const x = operand(call, 0)
  const w = operand(call, 1)
  const geometry = forwardGeometry(node, x, w.shape.slice(2))
  const allButChannels = dy.shape.map((_, axis) => axis).filter((axis) => axis !== 1)
  return [
    needs(0) ? convInputGradient(g, dy, w, geometry) : undefined,
    needs(1) ? convFilterGradient(g, x, dy, geometry) : undefined,
    needs(2) ? reduceSum(g, dy, { axes: allButChannels, keepdims: 0 }) : undefined,
  ]
}

export const CONVOLUTION_GRADIENTS: Readonly<Record<string, GradientRule>> = { Conv: conv }
