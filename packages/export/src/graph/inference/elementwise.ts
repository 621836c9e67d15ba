/** Ops that act on each element by itself, with broadcasting. */
import { DataType, type Shape } from '../../onnx/model.js'
import { intAttribute } from '../attributes.js'
import { broadcast } from '../dimension.js'
import type { InferenceRule, InferenceRules } from '../shape-inference.js'
import { required } from './expect.js'

const same: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape }]
}

const broadcasting: InferenceRule = (node, inputs) => {
  const { dataType } = required(node, inputs, 0)
  for (const [index, input] of inputs.entries()) {
    if (input !== undefined && input.dataType !== dataType) {
      throw new Error(`${node.opType} ${node.name}: expected inputs of one data type, input ${index} has another`)
    }
  }
  return [{ dataType, shape: broadcastAll(inputs.map((_, index) => required(node, inputs, index).shape)) }]
}

/** Pow's exponent may have another type than its base. */
const pow: InferenceRule = (node, inputs) => {
  const base = required(node, inputs, 0)
  return [{ dataType: base.dataType, shape: broadcast(base.shape, required(node, inputs, 1).shape) }]
}

const comparison: InferenceRule = (node, inputs) => [
  { dataType: DataType.BOOL, shape: broadcast(required(node, inputs, 0).shape, required(node, inputs, 1).shape) },
]

const where: InferenceRule = (node, inputs) => {
  const shapes = [0, 1, 2].map((index) => required(node, inputs, index).shape)
  return [{ dataType: required(node, inputs, 1).dataType, shape: broadcastAll(shapes) }]
}

const test: InferenceRule = (node, inputs) => [{ dataType: DataType.BOOL, shape: required(node, inputs, 0).shape }]

const cast: InferenceRule = (node, inputs) => [
  { dataType: intAttribute(node, 'to', 0) as DataType, shape: required(node, inputs, 0).shape },
]

function broadcastAll(shapes: readonly Shape[]): Shape {
  return shapes.reduce(broadcast)
}

const UNARY =
  'Abs Acos Asin Atan Ceil Celu Clip Cos Elu Erf Exp Floor HardSigmoid HardSwish Identity LeakyRelu Log Mish Neg Not PRelu Reciprocal Relu ' +
  'Round Selu Sigmoid Sign Sin Softplus Softsign Sqrt Tan Tanh ThresholdedRelu'

const BROADCASTING = 'Add And BitShift Div Max Mean Min Mod Mul Or Sub Sum Xor'

const COMPARISONS = 'Equal Greater GreaterOrEqual Less LessOrEqual'

function all(names: string, rule: InferenceRule): InferenceRules {
  return Object.fromEntries(names.split(' ').map((name) => [name, rule]))
}

export const ELEMENTWISE_RULES: InferenceRules = {
  ...all(UNARY, same),
  ...all(BROADCASTING, broadcasting),
  ...all(COMPARISONS, comparison),
  ...all('IsNaN IsInf', test),
  Pow: pow,
  Where: where,
  Cast: cast,
}
