/**
 * Losses: the mean over the batch of a number a row, and its gradient with respect to the model's output. Sources: Goodfellow et
 * al., "Deep Learning" (2016), 6.2.2 (the cross-entropies) and 5.5.1 (the mean squared error).
 */
import { UserError } from '../errors.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import {
  add,
  argMax,
  cast,
  div,
  equal,
  exp,
  greater,
  logSoftmax,
  mul,
  oneHot,
  reduceSum,
  shapeOf,
  sigmoid,
  softplus,
  squeeze,
  sub,
} from '../graph/ops/index.js'
import { DataType, type Shape } from '../onnx/model.js'
import { floatTensor, int64Tensor } from '../onnx/tensor.js'

export interface Loss {
  /** FLOAT scalar, named `loss`. */
  readonly loss: Value
  /** INT64 scalar, named `correct`: how many rows were right. undefined where the loss has no notion of right. */
  readonly correct?: Value
  /** Of the model's output's shape: the gradient of `loss` with respect to it. */
  readonly logitsGradient: Value
}

export interface LossOptions {
  /** `sum`: not divided by the number of rows, so that parts of a batch add up. Default `mean`. */
  readonly reduction?: 'mean' | 'sum'
}

export interface LossFunction {
  /** The label's data type and shape, given the output's. */
  label(output: Value): { readonly dataType: DataType; readonly shape: Shape }
  build(g: GraphBuilder, [output, label]: readonly [Value, Value], options: LossOptions): Loss
}

/**
 * loss = -1/N Σᵢ log softmax(zᵢ)[labelᵢ], whose gradient is (softmax(z) - onehot(label)) / N. From LogSoftmax, so that no
 * probability underflows to log 0. A row is right whose largest logit (the first, where several are equal) is at the label.
 * logits FLOAT [N, classes], label INT64 [N].
 */
export function softmaxCrossEntropy(
  g: GraphBuilder,
  logits: Value,
  label: Value,
  { reduction = 'mean' }: LossOptions = {},
): Required<Loss> {
  const classes = logits.shape[1]
  if (typeof classes !== 'number' || logits.shape.length !== 2) throw wrongOutput('[batch, classes]', logits)
  return g.scoped('loss', () => {
    const logProbabilities = logSoftmax(g, logits, { axis: -1 })
    const depth = g.constant(int64Tensor('classes', [], [classes]))
    const target = oneHot(g, label, depth, g.constant(floatTensor('off_on', [2], [0, 1])))
    const averaged = averaging(g, label, reduction)
    const logLikelihood = reduceSum(g, mul(g, target, logProbabilities), { keepdims: 0 })
    const loss = g.op('Neg', [averaged(logLikelihood)], { outputs: ['loss'] })
    const logitsGradient = averaged(sub(g, exp(g, logProbabilities), target))
    const hit = equal(g, argMax(g, logits, { axis: 1, keepdims: 0 }), label)
    return { loss, correct: counted(g, cast(g, hit, DataType.INT64)), logitsGradient }
  })
}

/**
 * loss = 1/(N F) Σ softplus(z) - z label over the F elements of each row: -log of the probability σ(z), or 1 - σ(z), that the
 * label has; its gradient is (σ(z) - label) / (N F). A row is right if every z is on its label's side.
 * logits and label FLOAT [N, …], labels in [0, 1].
 */
function sigmoidCrossEntropy(
  g: GraphBuilder,
  [logits, label]: readonly [Value, Value],
  { reduction = 'mean' }: LossOptions,
): Loss {
  return g.scoped('loss', () => {
    const averaged = averaging(g, label, reduction, elementsOfRow(logits))
    const each = sub(g, softplus(g, logits), mul(g, logits, label))
    const loss = total(g, each, averaged)
    const logitsGradient = averaged(sub(g, sigmoid(g, logits), label))
    const side = equal(g, greater(g, logits, g.scalar(0, 'zero')), greater(g, label, g.scalar(0.5, 'half')))
    const rest = logits.shape.map((_, axis) => axis).slice(1)
    const rows = g.op('ReduceMin', [cast(g, side, DataType.INT64)], {
      attributes: { axes: { type: 'INTS', value: rest }, keepdims: { type: 'INT', value: 0 } },
    })
    return { loss, correct: counted(g, rows), logitsGradient }
  })
}

/** loss = 1/(N F) Σ (z - label)², gradient 2 (z - label) / (N F), over the F elements of each row. FLOAT [N, …] both. */
function meanSquaredError(
  g: GraphBuilder,
  [output, label]: readonly [Value, Value],
  { reduction = 'mean' }: LossOptions,
): Loss {
  return g.scoped('loss', () => {
    const averaged = averaging(g, label, reduction, elementsOfRow(output))
    const difference = sub(g, output, label)
    const loss = total(g, mul(g, difference, difference), averaged)
    return { loss, logitsGradient: averaged(add(g, difference, difference)) }
  })
}

/** Division by the rows of `label` and by `perRow`, the elements of each. */
function averaging(g: GraphBuilder, label: Value, reduction: 'mean' | 'sum', perRow = 1): (value: Value) => Value {
  const elements = perRow === 1 ? undefined : g.scalar(perRow, 'elements_of_row')
  if (reduction === 'sum') return (value) => (elements === undefined ? value : div(g, value, elements))
  const rows = cast(g, squeeze(g, shapeOf(g, label, { end: 1 }), [0]), DataType.FLOAT)
  const count = elements === undefined ? rows : mul(g, rows, elements)
  return (value) => div(g, value, count)
}

function total(g: GraphBuilder, each: Value, averaged: (value: Value) => Value): Value {
  return g.op('Identity', [averaged(reduceSum(g, each, { keepdims: 0 }))], { outputs: ['loss'] })
}

function counted(g: GraphBuilder, rows: Value): Value {
  return g.op('ReduceSum', [rows], { attributes: { keepdims: { type: 'INT', value: 0 } }, outputs: ['correct'] })
}

function elementsOfRow(output: Value): number {
  const [, ...rest] = output.shape
  if (output.shape.length < 2 || !rest.every((dim) => typeof dim === 'number'))
    throw wrongOutput('[batch, sizes…]', output)
  return rest.reduce<number>((product, dim) => product * (dim as number), 1)
}

function wrongOutput(expected: string, { name, shape }: Value): UserError {
  return new UserError(
    'INPUT',
    `output ${name}: expected a shape ${expected} for this loss, found [${shape.join(', ')}]`,
  )
}

const likeOutput = ({ shape }: Value) => ({ dataType: DataType.FLOAT, shape })

export const LOSSES = {
  'softmax-cross-entropy': {
    label: ({ shape }) => ({ dataType: DataType.INT64, shape: shape.slice(0, 1) }),
    build: (g, [output, label], options) => softmaxCrossEntropy(g, output, label, options),
  },
  'sigmoid-cross-entropy': { label: likeOutput, build: sigmoidCrossEntropy },
  'mean-squared-error': { label: likeOutput, build: meanSquaredError },
} as const satisfies Readonly<Record<string, LossFunction>>

export type LossName = keyof typeof LOSSES
