/** Normalisations, softmaxes, dropout and losses. */
import { DataType, type Dimension } from '../../onnx/model.js'
import { intAttribute, stringAttribute } from '../attributes.js'
import { normalAxis } from '../dimension.js'
import type { InferenceRule, InferenceRules } from '../shape-inference.js'
import { required } from './expect.js'

const same: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape }]
}

/** In training mode the running mean and variance come out as well. */
const batchNormalization: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const { shape: channels } = required(node, inputs, 3)
  const statistics = { dataType, shape: channels }
  return intAttribute(node, 'training_mode', 0) === 1
    ? [{ dataType, shape }, statistics, statistics]
    : [{ dataType, shape }]
}

/** The mean and the inverse standard deviation keep 1 in the normalised axes. */
const layerNormalization: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const axis = normalAxis(intAttribute(node, 'axis', -1), shape.length)
  const reduced = shape.map((dim, index) => (index < axis ? dim : 1))
  return [
    { dataType, shape },
    { dataType, shape: reduced },
    { dataType, shape: reduced },
  ]
}

const dropout: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [
    { dataType, shape },
    { dataType: DataType.BOOL, shape },
  ]
}

/** scores [N, C, …], labels [N, …] → loss (scalar, or [N, …] with reduction none), log-probabilities [N, C, …]. */
const softmaxCrossEntropyLoss: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  const { shape: labels } = required(node, inputs, 1)
  const loss: readonly Dimension[] = stringAttribute(node, 'reduction', 'mean') === 'none' ? labels : []
  return [
    { dataType, shape: loss },
    { dataType, shape },
  ]
}

export const NORMALIZATION_RULES: InferenceRules = {
  BatchNormalization: batchNormalization,
  Dropout: dropout,
  Hardmax: same,
  InstanceNormalization: same,
  LRN: same,
  LayerNormalization: layerNormalization,
  LogSoftmax: same,
  Softmax: same,
  SoftmaxCrossEntropyLoss: softmaxCrossEntropyLoss,
}
