/** What stores and computes numbers of few bits. */
import { DataType } from '../../onnx/model.js'
import { intAttribute } from '../attributes.js'
import type { InferenceRule, InferenceRules } from '../shape-inference.js'
import { required } from './expect.js'

/** To the zero point's type; UINT8 without one. */
const quantizeLinear: InferenceRule = (node, inputs) => [
  { dataType: inputs[2]?.dataType ?? DataType.UINT8, shape: required(node, inputs, 0).shape },
]

const dequantizeLinear: InferenceRule = (node, inputs) => [
  { dataType: required(node, inputs, 1).dataType, shape: required(node, inputs, 0).shape },
]

/** A [..., K], weights of N rows → [..., N] (onnxruntime, docs/ContribOperators.md). */
const matMulNBits: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape: [...shape.slice(0, -1), intAttribute(node, 'N', 0)] }]
}

export const QUANTIZATION_RULES: InferenceRules = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  'com.microsoft.MatMulNBits': matMulNBits,
}
