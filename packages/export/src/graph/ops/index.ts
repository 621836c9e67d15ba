/**
 * One function for each ONNX operator, named as in the specification (ai.onnx, opset 17): the graph under construction, the
 * operator's inputs, then its attributes and constant inputs as options. Each returns the value that its node yields.
 */
export { type ConvOptions, type ConvTransposeOptions, conv, convTranspose } from './convolution.js'
export {
  abs,
  add,
  cast,
  clip,
  div,
  elu,
  equal,
  erf,
  exp,
  greater,
  hardSigmoid,
  identity,
  indicator,
  leakyRelu,
  less,
  log,
  max,
  min,
  mul,
  neg,
  not,
  pow,
  prelu,
  reciprocal,
  relu,
  selu,
  sigmoid,
  sign,
  softplus,
  softsign,
  sqrt,
  sub,
  tanh,
  thresholdedRelu,
  where,
} from './elementwise.js'
export { gather, gatherElements, oneHot, type ScatterElementsOptions, scatterElements, scatterND } from './indexing.js'
export { einsum, type GemmOptions, gemm, matMul } from './linear.js'
export {
  type BatchNormalizationInputs,
  batchNormalization,
  bool,
  dropout,
  layerNormalization,
  logSoftmax,
  softmax,
} from './normalization.js'
export {
  type AveragePoolOptions,
  averagePool,
  globalAveragePool,
  globalMaxPool,
  maxPool,
  type PoolOptions,
} from './pooling.js'
export {
  gru,
  lstm,
  type RecurrenceInputs,
  type RecurrenceOptions,
  rnn,
  type ScanOptions,
  scan,
} from './recurrence.js'
export {
  type ArgMaxOptions,
  argMax,
  type ReduceOptions,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceSum,
  reduceSumSquare,
} from './reduction.js'
export {
  concat,
  constantOfShape,
  expand,
  flatten,
  pad,
  type ResizeOptions,
  range,
  reshape,
  resize,
  type SliceOptions,
  shapeOf,
  slice,
  split,
  squeeze,
  tile,
  transpose,
  unsqueeze,
} from './shape.js'
