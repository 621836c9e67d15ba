/**
 * Optimisers: p, its gradient g and the optimiser's state → the next of each. `lr` is the learning rate.
 *
 * | name     | state          | formula                                                                       | source |
 * | -------- | -------------- | ----------------------------------------------------------------------------- | ------ |
 * | sgd      |                | p' = p - lr g                                                                  | Robbins and Monro 1951 |
 * | momentum | v              | v' = μ v + g; p' = p - lr v'                                                   | Sutskever et al. 2013, as PyTorch's SGD has it |
 * | adam     | m, v, the step | m' = β₁ m + (1-β₁) g; v' = β₂ v + (1-β₂) g²; p' = p - lr m̂ / (√v̂ + ε)          | Kingma and Ba 2015, algorithm 1 |
 *
 * with m̂ = m' / (1 - β₁ᵗ), v̂ = v' / (1 - β₂ᵗ), t the step counted from 1. State begins at 0.
 */
import type { GraphBuilder, Value } from '../graph/builder.js'
import { add, cast, div, mul, pow, sqrt, sub } from '../graph/ops/index.js'
import { DataType } from '../onnx/model.js'
import { tensor } from '../onnx/tensor.js'

/** The optimisers' constants; those of the sources by default. */
export interface Hyperparameters {
  /** μ of `momentum`. Default 0.9. */
  readonly momentum?: number
  /** β₁ of `adam`. Default 0.9. */
  readonly beta1?: number
  /** β₂ of `adam`. Default 0.999. */
  readonly beta2?: number
  /** ε of `adam`. Default 1e-8. */
  readonly epsilon?: number
}

export interface UpdateCall {
  readonly g: GraphBuilder
  readonly parameter: Value
  readonly gradient: Value
  /** FLOAT scalar. */
  readonly learningRate: Value
  /** The parameter's state, in the order of `state`. */
  readonly state: readonly Value[]
  /** INT64 scalar, from 1: this step's number. Given if the optimiser counts. */
  readonly step: Value | undefined
  readonly constants: Required<Hyperparameters>
  /** Names of the results: the next parameter, then the next of each state. */
  readonly names: readonly string[]
}

export interface Optimizer {
  /** Suffixes of each parameter's state, of the parameter's shape: `<parameter>.momentum`. */
  readonly state: readonly string[]
  /** Whether it needs the step's number. */
  readonly counts: boolean
  /** Adds the nodes that yield `names`. */
  update(call: UpdateCall): readonly Value[]
}

const sgd: Optimizer = {
  state: [],
  counts: false,
  update: ({ g, parameter, gradient, learningRate, names }) => [
    g.op('Sub', [parameter, mul(g, gradient, learningRate)], { outputs: names }),
  ],
}

const momentum: Optimizer = {
  state: ['momentum'],
  counts: false,
  update({ g, parameter, gradient, learningRate, state, constants, names }) {
    const [next = '', nextVelocity = ''] = names
    const kept = mul(g, state[0] as Value, g.scalar(constants.momentum, 'momentum'))
    const velocity = g.op('Add', [kept, gradient], { outputs: [nextVelocity] })
    return [g.op('Sub', [parameter, mul(g, velocity, learningRate)], { outputs: [next] }), velocity]
  },
}

const adam: Optimizer = {
  state: ['adam_m', 'adam_v'],
  counts: true,
  update({ g, parameter, gradient, learningRate, state, step, constants, names }) {
    const [next = '', nextMean = '', nextSquare = ''] = names
    const [mean, square] = state as [Value, Value]
    const { beta1, beta2, epsilon } = constants
    const newMean = averaged(g, [mean, gradient], { beta: beta1, output: nextMean })
    const newSquare = averaged(g, [square, mul(g, gradient, gradient)], { beta: beta2, output: nextSquare })
    const rate = div(g, learningRate, correction(g, step as Value, beta1))
    const deviation = sqrt(g, div(g, newSquare, correction(g, step as Value, beta2)))
    const move = div(g, mul(g, newMean, rate), add(g, deviation, g.scalar(epsilon, 'epsilon')))
    return [g.op('Sub', [parameter, move], { outputs: [next] }), newMean, newSquare]
  },
}

/** beta old + (1 - beta) fresh */
function averaged(
  g: GraphBuilder,
  [old, fresh]: readonly [Value, Value],
  { beta, output }: { beta: number; output: string },
): Value {
  const kept = mul(g, old, g.scalar(beta, 'beta'))
  return g.op('Add', [kept, mul(g, fresh, g.scalar(1 - beta, 'one_minus_beta'))], { outputs: [output] })
}

/** 1 - betaᵗ, FLOAT; in DOUBLE until then, for at the first steps it is a small difference. */
function correction(g: GraphBuilder, step: Value, beta: number): Value {
  const double = (name: string, value: number): Value =>
    g.constant(tensor(name, DataType.DOUBLE, [], Float64Array.of(value)))
  const decayed = pow(g, double('beta', beta), cast(g, step, DataType.DOUBLE))
  return cast(g, sub(g, double('one', 1), decayed), DataType.FLOAT)
}

export const OPTIMIZERS = { sgd, momentum, adam } as const satisfies Readonly<Record<string, Optimizer>>

export type OptimizerName = keyof typeof OPTIMIZERS

export function hyperparametersOf(given: Hyperparameters = {}): Required<Hyperparameters> {
  return { momentum: 0.9, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...given }
}
