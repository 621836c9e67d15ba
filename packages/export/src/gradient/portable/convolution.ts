/** Conv's gradients in standard operators. */

import type { GraphBuilder, Value } from '../../graph/builder.js'
import { concat, conv, convTranspose, slice, split, transpose } from '../../graph/ops/index.js'
import { geometryOf, type WindowGeometry } from '../composite.js'
import type { ExpansionRule } from '../rebuild.js'
import { operand } from '../rule.js'

/**
 * dx = ConvTranspose(dy, w): the transposed convolution is by definition the gradient of Conv. Output padding gives back the rows
 * and columns that the last stride did not reach.
 */
export const convInputGradient: ExpansionRule = (expansion) => {
  const { g, node } = expansion
  const dy = operand(expansion, 0)
  const { kernel, strides, pads, dilations, group, inputSize } = geometryOf(node)
  const rank = kernel.length
  const outputPadding = inputSize.map((length, axis) => {
    const steps = (dy.shape[axis + 2] as number) - 1
    const span = at(dilations, axis) * (at(kernel, axis) - 1) + 1
    return length - (steps * at(strides, axis) + span - at(pads, axis) - at(pads, axis + rank))
  })
  return convTranspose(g, [dy, operand(expansion, 1)], {
    kernelShape: kernel,
    strides,
    pads,
    dilations,
    group,
    outputPadding,
  })
}

/**
 * dw[m, c, k] = Σₙₒ x[n, c, o·stride + k·dilation - pad] dy[n, m, o]: a Conv of x with dy as its filter in which batch and
 * channels change places, and stride and dilation too. Groups are convolved one by one.
 */
export const convFilterGradient: ExpansionRule = (expansion) => {
  const { g, node } = expansion
  const x = operand(expansion, 0)
  const dy = operand(expansion, 1)
  const geometry = geometryOf(node)
  if (geometry.group === 1) return filterGradient(g, { x, dy }, geometry)
  const xs = parts(g, x, geometry.group)
  const dys = parts(g, dy, geometry.group)
  const each = xs.map((part, index) => filterGradient(g, { x: part, dy: dys[index] as Value }, geometry))
  return concat(g, each, { axis: 0 })
}

function parts(g: GraphBuilder, x: Value, group: number): Value[] {
  return split(g, x, Array(group).fill((x.shape[1] as number) / group), { axis: 1 })
}

function filterGradient(
  g: GraphBuilder,
  { x, dy }: { x: Value; dy: Value },
  { kernel, strides, pads, dilations }: WindowGeometry,
): Value {
  const perm = x.shape.map((_, axis) => (axis < 2 ? 1 - axis : axis))
  const whole = conv(g, [transpose(g, x, { perm }), transpose(g, dy, { perm })], {
    kernelShape: dy.shape.slice(2).map(Number),
    strides: dilations,
    pads,
    dilations: strides,
  })
  // What the last stride did not reach makes more positions than the kernel has.
  const beyond = kernel.map((_, axis) => axis).filter((axis) => whole.shape[axis + 2] !== kernel[axis])
  const cropped =
    beyond.length === 0
      ? whole
      : slice(g, whole, {
          starts: beyond.map(() => 0),
          ends: beyond.map((axis) => at(kernel, axis)),
          axes: beyond.map((axis) => axis + 2),
        })
  return transpose(g, cropped, { perm }) // [C, M, …] -> [M, C, …]
}

function at(values: readonly number[], index: number): number {
  return values[index] as number
}
