/**
 * Parameters whose gradient is exactly 0: the bias of a convolution whose result is batch-normalised and nothing else. The mean is
 * subtracted again, so that the bias moves nothing. PyTorch and tfjs compute rounding noise there; we leave the bias as it is.
 */
import { ruleKey } from '../graph/shape-inference.js'
import type { Node } from '../onnx/model.js'
import { GRADIENT_DOMAIN } from './domain.js'

const NORMALIZING: ReadonlySet<string> = new Set(
  ['BatchMean', 'BatchVariance', 'BatchNormalize'].map((opType) => `${GRADIENT_DOMAIN}.${opType}`),
)

/** `outputs` are values that are taken outside the nodes. */
export function zeroGradients(nodes: readonly Node[], outputs: ReadonlySet<string>): ReadonlySet<string> {
  const consumers = new Map<string, Node[]>()
  for (const node of nodes) {
    for (const input of node.inputs) consumers.set(input, [...(consumers.get(input) ?? []), node])
  }
  const normalised = (value: string): boolean => {
    const takers = consumers.get(value) ?? []
    return !outputs.has(value) && takers.length > 0 && takers.every((taker) => NORMALIZING.has(ruleKey(taker)))
  }
  const found = nodes.flatMap((node) => {
    const [, , bias = ''] = node.inputs
    const only = bias !== '' && consumers.get(bias)?.length === 1
    return ruleKey(node) === 'Conv' && only && normalised(node.outputs[0] ?? '') ? [bias] : []
  })
  return new Set(found)
}
