/** A custom element that reads handwritten digits in the page, and the functions under it. Importing this defines nothing. */
export {
  type ErrorDetail,
  MnistDigitElement,
  type PredictionDetail,
  type ReadyDetail,
} from './element/mnist-digit.js'
export { defineMnistDigit } from './element/register.js'
export { type Point, type Stroke, strokesPicture } from './element/strokes.js'
export { type Problem, ProblemError, type ProblemReport, problemReport } from './problem.js'
export {
  type ClassifyOptions,
  classify,
  DEFAULT_MODEL_URL,
  type DigitReader,
  openReader,
  preload,
  type ReaderOptions,
} from './reader.js'
export type { PictureSource } from './runtime/picture.js'
export type {
  FeatureStage,
  ModelSource,
  OpenedModel,
  Progress,
  Reading,
  RgbaPicture,
  RuntimeReport,
  WebProvider,
} from './runtime/protocol.js'
export { type RunningTraining, type TeachOptions, teach, train } from './trainer.js'
export type {
  EpochReport,
  Example,
  TaughtModel,
  TrainingData,
  TrainParams,
  TrainProgress,
} from './training.js'
