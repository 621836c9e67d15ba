/** Gradients of ONNX graphs and training-step graphs. */
export { type DropoutLayer, type DropoutMaskOptions, dropoutMask } from './dropout.js'
export { LOSSES, type LossName } from './loss.js'
export { type Hyperparameters, OPTIMIZERS, type OptimizerName } from './optimizer.js'
export { GRADIENT_RULES } from './rules.js'
export {
  compositeTrainingStep,
  initialOptimizerState,
  STEP_NAMES,
  type TrainingStepOptions,
  trainingStep,
  updateStep,
} from './training-step.js'
