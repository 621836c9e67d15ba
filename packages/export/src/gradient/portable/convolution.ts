/** Conv's gradients in standard operators. */

import type { GraphBuilder, Value } from '../../graph/builder.js'
import { conv, convTranspose, reshape, slice, transpose } from '../../graph/ops/index.js'
import { geometryOf } from '../composite.js'
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
 * channels change places, and stride and dilation too. With groups, x [N, G·C, …] becomes [C, G·N, …]: again G groups.
 */
export const convFilterGradient: ExpansionRule = (expansion) => {
  const { g, node } = expansion
  const x = operand(expansion, 0)
  const dy = operand(expansion, 1)
  const { kernel, strides, pads, dilations, group } = geometryOf(node)
  const perm = x.shape.map((_, axis) => (axis < 2 ? 1 - axis : axis))
  const data = group === 1 ? transpose(g, x, { perm }) : groupsBeforeBatch(g, x, group)
  const whole = conv(g, [data, transpose(g, dy, { perm })], {
    kernelShape: dy.shape.slice(2).map(Number),
    strides: dilations,
    pads,
    dilations: strides,
    group,
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

/** [N, G·C, …] → [N, G, C, …] → [C, G, N, …] → [C, G·N, …] */
function groupsBeforeBatch(g: GraphBuilder, x: Value, group: number): Value {
  const [, channels, ...space] = x.shape as number[]
  const each = (channels as number) / group
  const split = reshape(g, x, g.int64s([-1, group, each, ...space], 'groups'))
  const turned = transpose(g, split, { perm: [2, 1, 0, ...space.map((_, axis) => axis + 3)] })
  return reshape(g, turned, g.int64s([each, -1, ...space], 'shape'))
}

function at(values: readonly number[], index: number): number {
  return values[index] as number
}
