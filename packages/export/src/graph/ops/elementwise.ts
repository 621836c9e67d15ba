/** Ops that act on each element by itself; those of two and more inputs broadcast (onnx, docs/Broadcasting.md). */
import { DataType } from '../../onnx/model.js'
import { float, type GraphBuilder, int, type Value } from '../builder.js'

type Unary = (g: GraphBuilder, x: Value) => Value
type Binary = (g: GraphBuilder, a: Value, b: Value) => Value
type Variadic = (g: GraphBuilder, ...inputs: Value[]) => Value

const unary =
  (opType: string): Unary =>
  (g, x) =>
    g.op(opType, [x])

const binary =
  (opType: string): Binary =>
  (g, a, b) =>
    g.op(opType, [a, b])

const variadic =
  (opType: string): Variadic =>
  (g, ...inputs) =>
    g.op(opType, inputs)

export const abs = unary('Abs')
export const erf = unary('Erf')
export const exp = unary('Exp')
export const identity = unary('Identity')
export const log = unary('Log')
export const neg = unary('Neg')
export const not = unary('Not')
export const reciprocal = unary('Reciprocal')
export const relu = unary('Relu')
export const sigmoid = unary('Sigmoid')
export const sign = unary('Sign')
export const softplus = unary('Softplus')
export const softsign = unary('Softsign')
export const sqrt = unary('Sqrt')
export const tanh = unary('Tanh')

export const add = binary('Add')
export const div = binary('Div')
export const equal = binary('Equal')
export const greater = binary('Greater')
export const less = binary('Less')
export const mul = binary('Mul')
export const pow = binary('Pow')
export const prelu = binary('PRelu')
export const sub = binary('Sub')

export const max = variadic('Max')
export const min = variadic('Min')

export const where = (g: GraphBuilder, condition: Value, x: Value, y: Value): Value => g.op('Where', [condition, x, y])

/** Bounds are scalars; either may be left out. */
export const clip = (g: GraphBuilder, x: Value, lowest?: Value, highest?: Value): Value =>
  g.op('Clip', [x, lowest, highest])

export const cast = (g: GraphBuilder, x: Value, to: DataType): Value =>
  x.dataType === to ? x : g.op('Cast', [x], { attributes: { to: int(to) } })

/** The specification's default slope. */
export const leakyRelu = (g: GraphBuilder, x: Value, { alpha = 0.01 } = {}): Value =>
  g.op('LeakyRelu', [x], { attributes: { alpha: float(alpha) } })

export const elu = (g: GraphBuilder, x: Value, { alpha = 1 } = {}): Value =>
  g.op('Elu', [x], { attributes: { alpha: float(alpha) } })

/** max(0, min(1, alpha x + beta)) */
export const hardSigmoid = (g: GraphBuilder, x: Value, { alpha = 0.2, beta = 0.5 } = {}): Value =>
  g.op('HardSigmoid', [x], { attributes: { alpha: float(alpha), beta: float(beta) } })

/** The default constants are those of Klambauer et al., "Self-Normalizing Neural Networks" (2017). */
export const selu = (
  g: GraphBuilder,
  x: Value,
  { alpha = 1.6732632423543772, gamma = 1.0507009873554805 } = {},
): Value => g.op('Selu', [x], { attributes: { alpha: float(alpha), gamma: float(gamma) } })

/** x where x > alpha, else 0 */
export const thresholdedRelu = (g: GraphBuilder, x: Value, { alpha = 1 } = {}): Value =>
  g.op('ThresholdedRelu', [x], { attributes: { alpha: float(alpha) } })

/** 1.0 where the condition holds, else 0.0. */
export const indicator = (g: GraphBuilder, condition: Value): Value => cast(g, condition, DataType.FLOAT)
