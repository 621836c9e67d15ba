/** Gradients of the activation functions. In the comments, ' is the derivative and y the output. */
import { floatAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { abs, add, div, greater, indicator, less, min, mul, not, sigmoid, sub } from '../../graph/ops/index.js'
import { reluGradient } from '../composite.js'
import { type GradientCall, type GradientRule, operand, result } from '../rule.js'
import { unbroadcast } from './broadcast.js'

/** A rule for y = f(x): `derivative` gives dx from dy. */
function unary(derivative: (call: GradientCall, x: Value, y: Value) => Value): GradientRule {
  return (call) => [derivative(call, operand(call, 0), result(call))]
}

const one = (g: GraphBuilder): Value => g.scalar(1, 'one')
const zero = (g: GraphBuilder): Value => g.scalar(0, 'zero')

/** [x > 0] + alpha [x ≤ 0], the slope of a leaky ramp. */
function slope(g: GraphBuilder, x: Value, alpha: number): Value {
  const positive = indicator(g, greater(g, x, zero(g)))
  return add(g, mul(g, positive, g.scalar(1 - alpha, 'rise')), g.scalar(alpha, 'alpha'))
}

/** [x > 0] scale + [x ≤ 0] (y + offset): the slope of scaled exponential units, whose lower branch is its own derivative. */
function exponential(g: GraphBuilder, [x, y]: readonly [Value, Value], scale: number, offset: number): Value {
  const above = greater(g, x, zero(g))
  const upper = mul(g, indicator(g, above), g.scalar(scale, 'scale'))
  return add(g, upper, mul(g, indicator(g, not(g, above)), add(g, y, g.scalar(offset, 'offset'))))
}

/** Between the bounds; at a bound and beyond, 0, as tfjs and PyTorch have it at relu6's lower one. */
const clip: GradientRule = (call) => {
  const { g, dy, inputs } = call
  const x = operand(call, 0)
  const [, lowest, highest] = inputs
  const above = lowest === undefined ? dy : mul(g, dy, indicator(g, greater(g, x, lowest)))
  return [highest === undefined ? above : mul(g, above, indicator(g, less(g, x, highest)))]
}

/** y = x, or slope · x below 0; the slope is shared along the axes in which it has length 1. */
const prelu: GradientRule = (call) => {
  const { g, dy, needs } = call
  const x = operand(call, 0)
  const slopes = operand(call, 1)
  const above = indicator(g, greater(g, x, zero(g)))
  const below = sub(g, one(g), above)
  return [
    needs(0) ? mul(g, dy, add(g, above, mul(g, below, slopes))) : undefined,
    needs(1) ? unbroadcast(g, mul(g, dy, min(g, x, zero(g))), slopes) : undefined,
  ]
}

export const ACTIVATION_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  Clip: clip,
  Elu: unary(({ g, dy, node }, x, y) => mul(g, dy, exponential(g, [x, y], 1, floatAttribute(node, 'alpha', 1)))),
  // alpha where 0 < y < 1
  HardSigmoid: unary(({ g, dy, node }, _, y) => {
    const inside = mul(g, indicator(g, greater(g, y, zero(g))), indicator(g, less(g, y, one(g))))
    return mul(g, dy, mul(g, inside, g.scalar(floatAttribute(node, 'alpha', 0.2), 'alpha')))
  }),
  LeakyRelu: unary(({ g, dy, node }, x) => mul(g, dy, slope(g, x, floatAttribute(node, 'alpha', 0.01)))),
  PRelu: prelu,
  Relu: unary(({ g, dy }, _, y) => reluGradient(g, y, dy)),
  // gamma above 0, gamma alpha e^x = y + gamma alpha below; the specification's default constants.
  Selu: unary(({ g, dy, node }, x, y) => {
    const gamma = floatAttribute(node, 'gamma', 1.0507009873554805)
    return mul(g, dy, exponential(g, [x, y], gamma, gamma * floatAttribute(node, 'alpha', 1.6732632423543772)))
  }),
  // σ' = y (1 - y) = y - y²
  Sigmoid: unary(({ g, dy }, _, y) => mul(g, dy, sub(g, y, mul(g, y, y)))),
  // ln(1 + e^x)' = σ(x)
  Softplus: unary(({ g, dy }, x) => mul(g, dy, sigmoid(g, x))),
  // (x / (1 + |x|))' = 1 / (1 + |x|)²
  Softsign: unary(({ g, dy }, x) => {
    const root = add(g, one(g), abs(g, x))
    return div(g, dy, mul(g, root, root))
  }),
  // tanh' = 1 - y²
  Tanh: unary(({ g, dy }, _, y) => mul(g, dy, sub(g, one(g), mul(g, y, y)))),
  ThresholdedRelu: unary(({ g, dy, node }, x) => {
    const alpha = g.scalar(floatAttribute(node, 'alpha', 1), 'alpha')
    return mul(g, dy, indicator(g, greater(g, x, alpha)))
  }),
}
