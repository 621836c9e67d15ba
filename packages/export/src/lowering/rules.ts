/** The table of lowering rules: operator (`OpType`, or `domain.OpType`) → rule. Operators without one stay as they are. */
import type { LoweringRule } from './rule.js'
import { AVERAGE_POOL_LOWERINGS } from './rules/average-pool.js'
import { CONVOLUTION_LOWERINGS } from './rules/convolution.js'
import { DENSE_LOWERINGS } from './rules/dense.js'
import { ELEMENTWISE_LOWERINGS } from './rules/elementwise.js'
import { MAX_POOL_LOWERINGS } from './rules/max-pool.js'
import { NORMALIZATION_LOWERINGS } from './rules/normalization.js'
import { REDUCTION_LOWERINGS } from './rules/reduction.js'
import { RESIZE_LOWERINGS } from './rules/resize.js'
import { SHAPE_LOWERINGS } from './rules/shape.js'
import { UPDATE_LOWERINGS } from './rules/update.js'

export const LOWERING_RULES: Readonly<Record<string, LoweringRule>> = {
  ...AVERAGE_POOL_LOWERINGS,
  ...CONVOLUTION_LOWERINGS,
  ...DENSE_LOWERINGS,
  ...ELEMENTWISE_LOWERINGS,
  ...MAX_POOL_LOWERINGS,
  ...NORMALIZATION_LOWERINGS,
  ...REDUCTION_LOWERINGS,
  ...RESIZE_LOWERINGS,
  ...SHAPE_LOWERINGS,
}

/** Rules for nodes that give outputs of the graph: what they build bears the outputs' names. */
export const OUTPUT_RULES: Readonly<Record<string, LoweringRule>> = UPDATE_LOWERINGS
