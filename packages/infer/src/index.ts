/** Handwritten digits read by an ONNX model: classify pictures, verify models. */
export {
  type Answer,
  type Classifier,
  type ClassifierOptions,
  createClassifier,
  type DigitAnswer,
  type ManyAnswer,
  type ModelFacts,
  type NoDigitAnswer,
} from './classify.js'
export { type DigitModel, readDigitModel } from './model/contract.js'
export { type Decision, decide, type Guess, LEAST_PROBABILITY } from './model/decide.js'
export { DEFAULT_MODEL, findModel, modelFolders } from './model/find.js'
export { type ClassFigures, type Figures, figuresOf, type Misread } from './verify/report.js'
export { type Verification, type VerifyOptions, verifyModel } from './verify.js'
