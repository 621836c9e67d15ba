/** Gradients of arithmetic on each element by itself. In the comments, ' is the derivative and y the output. */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import {
  cast,
  div,
  equal,
  exp,
  greater,
  indicator,
  log,
  max,
  mul,
  neg,
  pow,
  sign,
  sub,
  where,
} from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
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

const zero = (g: GraphBuilder): Value => g.scalar(0, 'zero')

/** a^b: (a^b)' by a = b a^(b-1), by b = y ln a, which is defined for a > 0 alone: elsewhere 0. */
const power = binary(
  ({ g, dy }, a, b) => {
    const exponent = cast(g, b, DataType.FLOAT)
    return mul(g, dy, mul(g, exponent, pow(g, a, sub(g, exponent, g.scalar(1, 'one')))))
  },
  (call, a) => {
    const { g, dy } = call
    // The smallest normal number in place of what has no logarithm, so that 0 × -∞ does not arise.
    const safe = max(g, a, g.scalar(1.1754943508222875e-38, 'smallest_normal'))
    const positive = indicator(g, greater(g, a, zero(g)))
    return mul(g, mul(g, dy, positive), mul(g, result(call), log(g, safe)))
  },
)

/** Max and Min: the gradient goes to the first of the inputs that equal the result. */
const extreme: GradientRule = (call) => {
  const { g, inputs, needs } = call
  let rest = call.dy
  return inputs.map((input, index) => {
    if (input === undefined) return undefined
    const chosen = equal(g, input, result(call))
    const part = needs(index) ? where(g, chosen, rest, zero(g)) : undefined
    rest = where(g, chosen, zero(g), rest)
    return part === undefined ? undefined : unbroadcast(g, part, input)
  })
}

/** A variadic sum, or with `mean` divided by the number of inputs. */
function sum({ mean }: { mean: boolean }): GradientRule {
  return ({ g, inputs, dy, needs }) => {
    const share = mean ? mul(g, dy, g.scalar(1 / inputs.length, 'one_by_count')) : dy
    return inputs.map((input, index) =>
      input !== undefined && needs(index) ? unbroadcast(g, share, input) : undefined,
    )
  }
}

const choose: GradientRule = (call) => {
  const { g, dy, needs } = call
  const condition = operand(call, 0)
  return [
    undefined,
    needs(1) ? unbroadcast(g, where(g, condition, dy, zero(g)), operand(call, 1)) : undefined,
    needs(2) ? unbroadcast(g, where(g, condition, zero(g), dy), operand(call, 2)) : undefined,
  ]
}

/** Between the types of real numbers; to another type, and from there back, nothing flows. */
const castBack: GradientRule = (call) => {
  const { g, dy } = call
  const x = operand(call, 0)
  return FLOATING.has(x.dataType) && FLOATING.has(dy.dataType) ? [cast(g, dy, x.dataType)] : []
}

const FLOATING: ReadonlySet<DataType> = new Set([DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE, DataType.BFLOAT16])

export const ELEMENTWISE_GRADIENTS: Readonly<Record<string, GradientRule>> = {
  Identity: ({ dy }) => [dy],
  Abs: unary(({ g, dy }, x) => mul(g, dy, sign(g, x))),
  // erf' = 2/√π e^(-x²)
  Erf: unary(({ g, dy }, x) =>
    mul(g, dy, mul(g, exp(g, neg(g, mul(g, x, x))), g.scalar(2 / Math.sqrt(Math.PI), 'two_by_sqrt_pi'))),
  ),
  // e^x' = y
  Exp: unary(({ g, dy }, _, y) => mul(g, dy, y)),
  // ln x' = 1 / x
  Log: unary(({ g, dy }, x) => div(g, dy, x)),
  Neg: unary(({ g, dy }) => neg(g, dy)),
  // (1 / x)' = -y²
  Reciprocal: unary(({ g, dy }, _, y) => neg(g, mul(g, dy, mul(g, y, y)))),
  // √x' = 1 / (2 y)
  Sqrt: unary(({ g, dy }, _, y) => div(g, dy, mul(g, y, g.scalar(2, 'two')))),
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
  Cast: castBack,
  Pow: power,
  Max: extreme,
  Min: extreme,
  Sum: sum({ mean: false }),
  Mean: sum({ mean: true }),
  Where: choose,
}
