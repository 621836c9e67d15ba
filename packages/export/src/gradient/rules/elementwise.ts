/** Gradients of the ops that act on each element by itself. In the comments, ' is the derivative and y the output. */
import { floatAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { add, div, greater, indicator, mul, neg, sigmoid, sub } from '../../graph/ops/index.js'
import { reluGradient } from '../composite.js'
import { type GradientCall, type GradientRule, operand, result } from '../rule.js'
import { unbroadcast } from './broadcast.js'

/** A rule for y = f(x): `derivative` gives dx from dy. */
function unary(derivative: (call: GradientCall, x: Value, y: Value) => Value): GradientRule {
  return (call) => [derivative(call, operand(call, 0), result(call))]
}

/** A rule for y = f(a, b) with broadcasting: each part gives that operand's gradient in the shape of y. */
function binary(
  left: (call: GradientCall, a: Value, b: Value) => Value,
  right: (call: GradientCall, a: Value, b: Value) => Value,
): GradientRule {
  return (call) => {
    const a = operand(call, 0)
    const b = operand(call, 1)
    return [
      call.needs(0) ? unbroadcast(call.g, left(call, a, b), a) : undefined,
      call.needs(1) ? unbroadcast(call.g, right(call, a, b), b) : undefined,
    ]
  }
}

const one = (g: GraphBuilder): Value => g.scalar(1, 'one')

/** alpha + (1 - alpha) [x > 0], the slope of a leaky ramp. */
function slope(g: GraphBuilder, x: Value, alpha: number): Value {
  const positive = indicator(g, greater(g, x, g.scalar(0, 'zero')))
  return add(g, mul(g, positive, g.scalar(1 - alpha, 'rise')), g.scalar(alpha, 'alpha'))
}

export const ELEMENTWISE_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  Identity: ({ dy }) => [dy],
  Neg: unary(({ g, dy }) => neg(g, dy)),
  // e^x' = y
  Exp: unary(({ g, dy }, _, y) => mul(g, dy, y)),
  // ln x' = 1 / x
  Log: unary(({ g, dy }, x) => div(g, dy, x)),
  // √x' = 1 / (2 y)
  Sqrt: unary(({ g, dy }, _, y) => div(g, dy, mul(g, y, g.scalar(2, 'two')))),
  Relu: unary(({ g, dy }, _, y) => reluGradient(g, y, dy)),
  // σ' = y (1 - y) = y - y²
  Sigmoid: unary(({ g, dy }, _, y) => mul(g, dy, sub(g, y, mul(g, y, y)))),
  // tanh' = 1 - y²
  Tanh: unary(({ g, dy }, _, y) => mul(g, dy, sub(g, one(g), mul(g, y, y)))),
  // ln(1 + e^x)' = σ(x)
  Softplus: unary(({ g, dy }, x) => mul(g, dy, sigmoid(g, x))),
  LeakyRelu: unary(({ g, dy, node }, x) => mul(g, dy, slope(g, x, floatAttribute(node, 'alpha', 0.01)))),
  // Below 0, alpha (e^x - 1)' = alpha e^x = y + alpha; above, 1.
  Elu: unary(({ g, dy, node }, x, y) => {
    const below = indicator(g, greater(g, g.scalar(0, 'zero'), x))
    const shifted = add(g, y, g.scalar(floatAttribute(node, 'alpha', 1) - 1, 'alpha_minus_one'))
    return mul(g, dy, add(g, one(g), mul(g, below, shifted)))
  }),
  Add: binary(
    ({ dy }) => dy,
    ({ dy }) => dy,
  ),
  Sub: binary(
    ({ dy }) => dy,
    ({ g, dy }) => neg(g, dy),
  ),
  Mul: binary(
    ({ g, dy }, _, b) => mul(g, dy, b),
    ({ g, dy }, a) => mul(g, dy, a),
  ),
  // (a / b)' with respect to b = -y / b
  Div: binary(
    ({ g, dy }, _, b) => div(g, dy, b),
    (call, _, b) => neg(call.g, div(call.g, mul(call.g, call.dy, result(call)), b)),
  ),
}
