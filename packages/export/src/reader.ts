/** What reading a model's file needs, and no more: a command that only runs models loads no converter. */
export { DIGIT_INPUT } from './digit-model.js'
export { weightCount } from './inspect/weight-count.js'
export { decodeModel, readMetadata } from './onnx/decode.js'
export { DataType, type Model, type ValueInfo } from './onnx/model.js'
