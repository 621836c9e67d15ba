/** Gradients of ONNX graphs and training-step graphs. */
export { GRADIENT_RULES } from './rules.js'
export { compositeTrainingStep, STEP_NAMES, type TrainingStepOptions, trainingStep } from './training-step.js'
