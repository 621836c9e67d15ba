/** Composite gradient operators in standard ones (ai.onnx, opset 17), for any runtime. */
import { greater, indicator, mul } from '../../graph/ops/index.js'
import type { Graph } from '../../onnx/model.js'
import { GRADIENT_DOMAIN } from '../composite.js'
import { type ExpansionRule, rebuilt } from '../rebuild.js'
import { operand } from '../rule.js'
import { convFilterGradient, convInputGradient } from './convolution.js'
import { averagePoolGradient, maxPoolGradient } from './pooling.js'

/** dx = dy · [y > 0] */
const reluGradient: ExpansionRule = (expansion) => {
  const { g } = expansion
  const positive = greater(g, operand(expansion, 0), g.scalar(0, 'zero'))
  return mul(g, operand(expansion, 1), indicator(g, positive))
}

const PORTABLE_RULES: Readonly<Record<string, ExpansionRule>> = Object.fromEntries(
  Object.entries({
    ConvInputGradient: convInputGradient,
    ConvFilterGradient: convFilterGradient,
    AveragePoolGradient: averagePoolGradient,
    MaxPoolGradient: maxPoolGradient,
    ReluGradient: reluGradient,
  }).map(([opType, rule]) => [`${GRADIENT_DOMAIN}.${opType}`, rule]),
)

/** `graph` in standard operators only. */
export function portable(graph: Graph): Graph {
  return rebuilt(graph, PORTABLE_RULES)
}
