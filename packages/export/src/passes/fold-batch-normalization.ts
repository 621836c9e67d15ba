/**
 * Conv ∘ BatchNormalization → Conv. With s = γ / √(running variance + ε), by output channel:
 *
 *   BN(W ∗ x + b) = s (W ∗ x + b − mean) + β = (s W) ∗ x + (s (b − mean) + β)
 *
 * so that W' = s W and b' = s (b − mean) + β, computed in double precision. A Conv without bias has b = 0.
 */
import { floatAttribute, intAttribute } from '../graph/attributes.js'
import type { Node, Tensor } from '../onnx/model.js'
import { floatTensor, floatValues } from '../onnx/tensor.js'
import type { GraphEdit } from './graph-edit.js'
import { eachNode, type Pass } from './pass.js'

export const foldBatchNormalization: Pass = {
  name: 'fold-batch-normalization',
  rewrite: 'Conv ∘ BatchNormalization → Conv with scaled filters',
  order: 'after identities are gone, which would stand between the two',
  keepsWeights: false,
  run: eachNode(fold),
}

function fold(edit: GraphEdit, normalization: Node): boolean | string {
  if (normalization.opType !== 'BatchNormalization' || normalization.domain !== '') return false
  const [x = '', ...statistics] = normalization.inputs
  const conv = edit.producer(x)
  if (conv === undefined || conv.opType !== 'Conv' || conv.domain !== '') {
    return `its input ${x} comes from ${conv?.opType ?? 'outside'}, not from a Conv`
  }
  if (!edit.isOnlyFor(x, normalization)) return `the Conv's result ${x} is needed elsewhere too`
  if (intAttribute(normalization, 'training_mode', 0) !== 0) return 'it normalizes by the batch'
  const [input = '', weightName = '', biasName = ''] = conv.inputs
  const weight = edit.constant(weightName)
  const bias = edit.constant(biasName)
  const [scale, shift, mean, variance] = statistics.map((name) => edit.constant(name))
  if (!weight || !scale || !shift || !mean || !variance || (biasName !== '' && !bias)) {
    return 'a weight or statistic is no constant'
  }

  const epsilon = floatAttribute(normalization, 'epsilon', 1e-5)
  const gammas = floatValues(scale)
  const betas = floatValues(shift)
  const means = floatValues(mean)
  const biases = bias === undefined ? undefined : floatValues(bias)
  const factors = Float64Array.from(floatValues(variance), (value, c) => (gammas[c] ?? 0) / Math.sqrt(value + epsilon))
  const shifts = Array.from(factors, (factor, c) => factor * ((biases?.[c] ?? 0) - (means[c] ?? 0)) + (betas[c] ?? 0))

  // The Conv moves to where its new output belongs, and its constants keep their names where they were its own.
  edit.remove(conv)
  for (const name of [weightName, biasName]) edit.release(name)
  const stem = weightName.replace(/\.weight$/, '')
  const inputs = [
    input,
    edit.add(scaledRows(weight, factors)),
    edit.add(floatTensor(biasName === '' ? `${stem}.bias` : biasName, [factors.length], shifts)),
  ]
  edit.replace(normalization, { ...conv, inputs, outputs: normalization.outputs.slice(0, 1) })
  return true
}

/** Row c of the first axis times `factors[c]`. */
function scaledRows(tensor: Tensor, factors: Float64Array): Tensor {
  const values = floatValues(tensor)
  const length = values.length / factors.length
  const scaled = new Float32Array(values.length)
  for (const [row, factor] of factors.entries()) {
    for (let index = row * length; index < (row + 1) * length; index++)
      scaled[index] = (values[index] as number) * factor
  }
  return floatTensor(tensor.name, tensor.dims, scaled)
}
