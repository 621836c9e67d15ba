/** Output lengths of windows that slide over spatial axes: convolutions and pools. */
import type { Dimension, Node, Shape } from '../../onnx/model.js'
import { intAttribute, intsAttribute } from '../attributes.js'
import { mapped } from '../dimension.js'

export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** [begin…, end…], one of each a spatial axis. */
  readonly pads: readonly number[]
}

/** The window of a node, with the specification's defaults; `auto_pad` other than NOTSET is refused. */
export function windowOf(node: Node, kernel: readonly number[]): Window {
  const autoPad = node.attributes.auto_pad
  if (autoPad !== undefined && !(autoPad.type === 'STRING' && autoPad.value === 'NOTSET')) {
    throw new Error(`${node.opType} ${node.name}: expected explicit pads, found auto_pad`)
  }
  const rank = kernel.length
  return {
    kernel,
    strides: intsAttribute(node, 'strides') ?? Array(rank).fill(1),
    dilations: intsAttribute(node, 'dilations') ?? Array(rank).fill(1),
    pads: intsAttribute(node, 'pads') ?? Array(2 * rank).fill(0),
  }
}

/** Spatial output lengths: floor((in + pads - dilation × (kernel - 1) - 1) / stride) + 1, or ceil with ceil_mode. */
export function windowOutput(node: Node, spatial: Shape, { kernel, strides, dilations, pads }: Window): Dimension[] {
  const rank = kernel.length
  const ceil = intAttribute(node, 'ceil_mode', 0) === 1
  return spatial.map((dim, axis) => {
    const begin = pads[axis] ?? 0
    const padding = begin + (pads[axis + rank] ?? 0)
    const span = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1
    const stride = strides[axis] ?? 1
    const compute = (length: number): number => {
      const steps = (length + padding - span) / stride
      const output = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1
      // With ceil_mode a window that begins in the end padding does not count (opset 19 says so, ONNX Runtime does it before).
      const counted = ceil && (output - 1) * stride >= length + begin ? output - 1 : output
      if (counted < 1)
        throw new Error(`${node.opType} ${node.name}: a window of ${span} does not fit into ${length} + ${padding}`)
      return counted
    }
    if (stride === 1 && padding === span - 1) return dim
    return mapped(dim, compute, (name) => `${ceil ? 'ceil' : 'floor'}((${name}${signed(padding - span)})/${stride})+1`)
  })
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`
}
