/** Composite gradient operators in standard ones (ai.onnx, opset 17), for any runtime. */
import { greater, indicator, mul } from '../../graph/ops/index.js'
import type { Graph } from '../../onnx/model.js'
import { shareConstants } from '../../passes/share-constants.js'
import { GRADIENT_DOMAIN } from '../composite.js'
import { type ExpansionRule, rebuilt } from '../rebuild.js'
import { operand } from '../rule.js'
import { PORTABLE_BATCH_NORMALIZATION } from './batch-normalization.js'
import { convFilterGradient, convInputGradient } from './convolution.js'
import { dropoutMask } from './dropout.js'
import { averagePoolGradient, maxPoolGradient } from './pooling.js'

/** dx = dy · [y > 0] */
const reluGradient: ExpansionRule = (expansion) => {
  const { g } = expansion
  const positive = greater(g, operand(expansion, 0), g.scalar(0, 'zero'))
  return mul(g, operand(expansion, 1), indicator(g, positive))
}

export const PORTABLE_RULES: Readonly<Record<string, ExpansionRule>> = Object.fromEntries(
  Object.entries({
    ConvInputGradient: convInputGradient,
    ConvFilterGradient: convFilterGradient,
    AveragePoolGradient: averagePoolGradient,
    MaxPoolGradient: maxPoolGradient,
    ReluGradient: reluGradient,
    DropoutMask: dropoutMask,
    ...PORTABLE_BATCH_NORMALIZATION,
  }).map(([opType, rule]) => [`${GRADIENT_DOMAIN}.${opType}`, rule]),
)

/** `graph` in standard operators only, without what its outputs do not need, each constant once. */
export function portable(graph: Graph): Graph {
  return shareConstants.run(rebuilt(graph, PORTABLE_RULES)).graph
}
