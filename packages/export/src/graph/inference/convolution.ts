/** Conv and ConvTranspose, of any number of spatial axes. */
import type { Dimension, Node } from '../../onnx/model.js'
import { intAttribute, intsAttribute } from '../attributes.js'
import { mapped } from '../dimension.js'
import type { InferenceRule, InferenceRules, TypedShape } from '../shape-inference.js'
import { required } from './expect.js'
import { windowOf, windowOutput } from './window.js'

/** The kernel's spatial lengths: the attribute, or the weight's own. */
function kernelShape(node: Node, weight: TypedShape): readonly number[] {
  const attribute = intsAttribute(node, 'kernel_shape')
  if (attribute !== undefined) return attribute
  return weight.shape.slice(2).map((dim) => {
    if (typeof dim === 'number') return dim
    throw new Error(`${node.opType} ${node.name}: expected a kernel of known size, found ${dim}`)
  })
}

/** X [N, C, …], W [M, C/group, …] → [N, M, …]. A kernel as long as a dynamic input gives a length that is named. */
const conv: InferenceRule = (node, inputs) => {
  const x = required(node, inputs, 0)
  const w = required(node, inputs, 1)
  const channels = x.shape[1]
  const perGroup = w.shape[1]
  const group = intAttribute(node, 'group', 1)
  if (typeof channels === 'number' && typeof perGroup === 'number' && channels !== perGroup * group) {
    throw new Error(`Conv ${node.name}: expected ${perGroup * group} input channels, found ${channels}`)
  }
  const known = w.shape.slice(2).every((dim) => typeof dim === 'number') || node.attributes.kernel_shape !== undefined
  const spatial = known
    ? windowOutput(node, x.shape.slice(2), windowOf(node, kernelShape(node, w)))
    : x.shape.slice(2).map((_, axis) => dynamicOutput(node, x, w, axis))
  return [{ dataType: x.dataType, shape: [x.shape[0] as Dimension, w.shape[0] as Dimension, ...spatial] }]
}

function dynamicOutput(node: Node, x: TypedShape, w: TypedShape, axis: number): Dimension {
  const length = x.shape[axis + 2] as Dimension
  const kernel = w.shape[axis + 2] as Dimension
  const rank = x.shape.length - 2
  const { strides, dilations, pads } = windowOf(node, Array(rank).fill(1))
  if (typeof length === 'number' && typeof kernel === 'number') {
    const padding = (pads[axis] ?? 0) + (pads[axis + rank] ?? 0)
    return Math.floor((length + padding - (dilations[axis] ?? 1) * (kernel - 1) - 1) / (strides[axis] ?? 1)) + 1
  }
  if (length === kernel && dilations[axis] === 1 && pads[axis] === 0 && pads[axis + rank] === 0) return 1
  return `conv(${length},${kernel})`
}

/** X [N, C, …], W [C, M/group, …] → [N, M, …]. */
const convTranspose: InferenceRule = (node, inputs) => {
  const x = required(node, inputs, 0)
  const w = required(node, inputs, 1)
  const { kernel, strides, dilations, pads } = windowOf(node, kernelShape(node, w))
  const group = intAttribute(node, 'group', 1)
  const outputPadding = intsAttribute(node, 'output_padding') ?? []
  const given = intsAttribute(node, 'output_shape')
  const rank = kernel.length
  const spatial = x.shape.slice(2).map((dim, axis) => {
    if (given !== undefined) return given[axis] as number
    const span = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1
    const extra = (outputPadding[axis] ?? 0) + span - (pads[axis] ?? 0) - (pads[axis + rank] ?? 0)
    const stride = strides[axis] ?? 1
    if (stride === 1 && extra === 1) return dim
    return mapped(
      dim,
      (length) => stride * (length - 1) + extra,
      (name) => `${stride}*(${name}-1)+${extra}`,
    )
  })
  const channels = mapped(
    w.shape[1] as Dimension,
    (length) => length * group,
    (name) => `${name}*${group}`,
  )
  return [{ dataType: x.dataType, shape: [x.shape[0] as Dimension, channels, ...spatial] }]
}

export const CONVOLUTION_RULES: InferenceRules = { Conv: conv, ConvTranspose: convTranspose }
