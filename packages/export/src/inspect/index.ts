/** Models for people to look at. */
export { diffModels } from './diff.js'
export { type ModelSummary, modelSummary, type SummaryRow } from './summary.js'
export { modelText } from './text.js'
