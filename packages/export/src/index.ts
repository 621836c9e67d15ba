export {
  type Accuracy,
  arrayExamples,
  type CompressOptions,
  calibrationValues,
  compressModel,
  compressVerified,
  type ExampleArray,
  type Examples,
  type Feed,
  type Feeds,
  type LabelledDigits,
  type ModelSession,
  type OpenSession,
  PRECISIONS,
  type Precision,
  type Range,
  RangeObserver,
  type Ranges,
  type SessionOutput,
  type VerifiedModel,
  type VerifiedOptions,
  withOutputs,
} from './compress/index.js'
export type { LayersModelArtifacts, Quantization, WeightSpec } from './convert/artifacts.js'
export { type ConvertedModel, type ConvertOptions, convertLayersModel } from './convert/convert.js'
export { channelsFirstFeature, type Feature, type Layout, plainFeature } from './convert/feature.js'
export type { LayerCall, LayerHandler } from './convert/layer-call.js'
export { LAYER_HANDLERS } from './convert/table.js'
export { fromOnnx, toOnnx, type WeightBinding, type WeightLayout } from './convert/weight-binding.js'
export { DIGIT_INPUT, type DigitModelFacts, digitModelOptions } from './digit-model.js'
export { type ErrorCode, UserError } from './errors.js'
export {
  type ExportedModel,
  type ExportOptions,
  exportLayersModel,
  type SavableModel,
  type SavableWeight,
} from './export.js'
export {
  compositeTrainingStep,
  type DropoutLayer,
  type DropoutMaskOptions,
  dropoutMask,
  type Hyperparameters,
  initialOptimizerState,
  LOSSES,
  type LossName,
  OPTIMIZERS,
  type OptimizerName,
  STEP_NAMES,
  type TrainingStepOptions,
  trainingStep,
  updateStep,
} from './gradient/index.js'
export { diffModels, type ModelSummary, modelSummary, modelText, type SummaryRow } from './inspect/index.js'
export { type LoweringOptions, lowerTrainingStep } from './lowering/index.js'
export { decodeModel, readMetadata } from './onnx/decode.js'
export { encodeModel } from './onnx/encode.js'
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
export { type OptimizedModel, type OptimizeOptions, optimizeModel, PASSES, type PassReport } from './passes/optimize.js'
export type { Pass, PassResult } from './passes/pass.js'
export {
  type RepositoryFile,
  type RepositoryModel,
  type RepositoryOptions,
  tritonRepository,
} from './triton/model-repository.js'
