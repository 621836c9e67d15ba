/**
 * BatchNormalization ∘ Conv → Conv, also of ConvTranspose and Gemm. With s = γ / √(running variance + ε), by output channel:
 *
 *   BN(W ∗ x + b) = s (W ∗ x + b − mean) + β = (s W) ∗ x + (s (b − mean) + β)
 *
 * so that W' = s W and b' = s (b − mean) + β, computed in double precision. An operator without bias has b = 0. The output channels
 * are W's first axis, in a ConvTranspose (of one group) and in a Gemm that does not transpose W the second.
 */
import { floatAttribute, intAttribute } from '../graph/attributes.js'
import { copyFloats, deferredFloatTensor } from '../onnx/deferred-tensor.js'
import type { Node, Tensor } from '../onnx/model.js'
import { floatTensor, floatValues } from '../onnx/tensor.js'
import type { GraphEdit } from './graph-edit.js'
import { eachNode, type Pass } from './pass.js'

export const foldBatchNormalization: Pass = {
  name: 'fold-batch-normalization',
  rewrite: 'BatchNormalization ∘ Conv → Conv with scaled filters; also of ConvTranspose and Gemm',
  order: 'after identities are gone, which would stand between the two',
  keepsWeights: false,
  run: eachNode(fold),
}

function fold(edit: GraphEdit, normalization: Node): boolean | string {
  if (normalization.opType !== 'BatchNormalization' || normalization.domain !== '') return false
  const [x = '', ...statistics] = normalization.inputs
  const conv = edit.producer(x)
  if (conv === undefined || conv.domain !== '' || !LINEAR.has(conv.opType)) {
    return `its input ${x} comes from ${conv?.opType ?? 'outside'}, not from a Conv, a ConvTranspose or a Gemm`
  }
  const channelAxis = outputAxis(conv)
  if (typeof channelAxis === 'string') return channelAxis
  if (!edit.isOnlyFor(x, normalization)) return `the ${conv.opType}'s result ${x} is needed elsewhere too`
  if (intAttribute(normalization, 'training_mode', 0) !== 0) return 'it normalizes by the batch'
  const [input = '', weightName = '', biasName = ''] = conv.inputs
  const weight = edit.constant(weightName)
  const bias = edit.constant(biasName)
  const [scale, shift, mean, variance] = statistics.map((name) => edit.constant(name))
  if (!weight || !scale || !shift || !mean || !variance || (biasName !== '' && !bias)) {
    return 'a weight or statistic is no constant'
  }

  if (bias !== undefined && bias.dims.join() !== scale.dims.join()) return 'the bias is not one number a channel'
  if (weight.dims[channelAxis] !== scale.dims[0]) return 'the weight has other channels than the statistics'

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
    edit.add(scaledAlong(weight, channelAxis, factors)),
    edit.add(floatTensor(biasName === '' ? `${stem}.bias` : biasName, [factors.length], shifts)),
  ]
  edit.replace(normalization, { ...conv, inputs, outputs: normalization.outputs.slice(0, 1) })
  return true
}

const LINEAR: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm'])

/** The axis of the weight along which the output channels lie, or why there is none that can be scaled. */
function outputAxis(node: Node): number | string {
  if (node.opType === 'Conv') return 0
  if (node.opType === 'ConvTranspose') {
    return intAttribute(node, 'group', 1) === 1 ? 1 : 'the ConvTranspose has groups'
  }
  const plain = floatAttribute(node, 'alpha', 1) === 1 && floatAttribute(node, 'beta', 1) === 1
  if (!plain || intAttribute(node, 'transA', 0) !== 0) return 'the Gemm scales or transposes its input'
  return intAttribute(node, 'transB', 0) === 1 ? 0 : 1
}

/** Each number times the factor of its place along `axis`. */
function scaledAlong(tensor: Tensor, axis: number, factors: Float64Array): Tensor {
  const inner = tensor.dims.slice(axis + 1).reduce((product, length) => product * length, 1)
  return deferredFloatTensor(tensor.name, tensor.dims, (values) => {
    copyFloats(tensor, values)
    for (let index = 0, channel = 0; index < values.length; channel = (channel + 1) % factors.length) {
      const factor = factors[channel] as number
      for (const end = index + inner; index < end; index++) values[index] = (values[index] as number) * factor
    }
  })
}
