/**
 * Softmax cross-entropy, averaged over the batch: loss = -1/N Σᵢ log softmax(zᵢ)[labelᵢ], whose gradient is
 * (softmax(z) - onehot(label)) / N. From LogSoftmax, so that no probability underflows to log 0.
 */
import type { GraphBuilder, Value } from '../graph/builder.js'
import {
  argMax,
  cast,
  div,
  equal,
  exp,
  logSoftmax,
  mul,
  oneHot,
  reduceSum,
  shapeOf,
  squeeze,
  sub,
} from '../graph/ops/index.js'
import { DataType } from '../onnx/model.js'
import { floatTensor, int64Tensor } from '../onnx/tensor.js'

export interface Loss {
  /** FLOAT scalar. */
  readonly loss: Value
  /** INT64 scalar: rows whose largest logit (the first, where several are equal) is at the label. */
  readonly correct: Value
  /** [N, classes]: the gradient of `loss` with respect to the logits. */
  readonly logitsGradient: Value
}

/** logits FLOAT [N, classes], label INT64 [N]. */
export function softmaxCrossEntropy(g: GraphBuilder, logits: Value, label: Value): Loss {
  const classes = logits.shape[1]
  if (typeof classes !== 'number' || logits.shape.length !== 2) {
    throw new Error(`loss: expected logits [batch, classes], found [${logits.shape.join(', ')}]`)
  }
  return g.scoped('loss', () => {
    const logProbabilities = logSoftmax(g, logits, { axis: -1 })
    const depth = g.constant(int64Tensor('classes', [], [classes]))
    const target = oneHot(g, label, depth, g.constant(floatTensor('off_on', [2], [0, 1])))
    const count = cast(g, squeeze(g, shapeOf(g, label), [0]), DataType.FLOAT)
    const logLikelihood = reduceSum(g, mul(g, target, logProbabilities), { keepdims: 0 })
    const loss = g.op('Neg', [div(g, logLikelihood, count)], { outputs: ['loss'] })
    const logitsGradient = div(g, sub(g, exp(g, logProbabilities), target), count)
    const hit = equal(g, argMax(g, logits, { axis: 1, keepdims: 0 }), label)
    const correct = g.op('ReduceSum', [cast(g, hit, DataType.INT64)], {
      attributes: { keepdims: { type: 'INT', value: 0 } },
      outputs: ['correct'],
    })
    return { loss, correct, logitsGradient }
  })
}
