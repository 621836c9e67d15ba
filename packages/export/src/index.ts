export { type ErrorCode, UserError } from './errors.js'
export type {
  Attribute,
  Attributes,
  Dimension,
  Graph,
  Model,
  Node,
  Shape,
  Tensor,
  ValueInfo,
} from './onnx/model.js'
export { DataType } from './onnx/model.js'
export { elementCount, floatTensor, floatValues, int64Tensor, int64Values, tensor } from './onnx/tensor.js'
