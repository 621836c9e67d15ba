/** Matrix products. */
import { float, type GraphBuilder, int, string, type Value } from '../builder.js'

export interface GemmOptions {
  readonly transA?: 0 | 1
  readonly transB?: 0 | 1
  readonly alpha?: number
  readonly beta?: number
}

/** alpha A B + beta C: a [M, K], b [K, N] (either transposed), c broadcast to [M, N]. */
export function gemm(
  g: GraphBuilder,
  [a, b, c]: readonly [Value, Value, (Value | undefined)?],
  { transA = 0, transB = 0, alpha = 1, beta = 1 }: GemmOptions = {},
): Value {
  return g.op('Gemm', [a, b, c], {
    attributes: {
      transA: transA === 0 ? undefined : int(transA),
      transB: transB === 0 ? undefined : int(transB),
      alpha: alpha === 1 ? undefined : float(alpha),
      beta: beta === 1 ? undefined : float(beta),
    },
  })
}

export const matMul = (g: GraphBuilder, a: Value, b: Value): Value => g.op('MatMul', [a, b])

export const einsum = (g: GraphBuilder, equation: string, ...inputs: Value[]): Value =>
  g.op('Einsum', inputs, { attributes: { equation: string(equation) } })
