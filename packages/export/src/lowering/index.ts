/** Training steps lowered for one CPU and one batch size. */
export { type LoweringOptions, lowerTrainingStep } from './lower.js'
