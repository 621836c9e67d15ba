/** The pools' gradients in standard operators. */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import {
  constantOfShape,
  convTranspose,
  expand,
  mul,
  pad,
  reshape,
  scatterElements,
  shapeOf,
  unsqueeze,
} from '../../graph/ops/index.js'
import { floatTensor } from '../../onnx/tensor.js'
import { geometryOf, type WindowGeometry } from '../composite.js'
import type { ExpansionRule } from '../rebuild.js'
import { operand } from '../rule.js'

/**
 * Each output's gradient goes in equal shares to the inputs of its window. Where windows neither overlap nor are padded that is a
 * repetition; else a transposed convolution of each channel by itself with a filter of ones.
 */
export const averagePoolGradient: ExpansionRule = (expansion) => {
  const { g, node } = expansion
  const dy = operand(expansion, 0)
  const geometry = geometryOf(node)
  const { kernel, strides, pads, inputSize } = geometry
  const tiles = kernel.every((length, axis) => length === strides[axis]) && pads.every((length) => length === 0)
  return tiles ? repeated(g, dy, { kernel, inputSize }) : spread(g, dy, geometry)
}

/** [N, C, H, W] → [N, C, H, 1, W, 1] → [N, C, H, kh, W, kw] → [N, C, H kh, W kw], and zeros where no window was. */
function repeated(
  g: GraphBuilder,
  dy: Value,
  { kernel, inputSize }: Pick<WindowGeometry, 'kernel' | 'inputSize'>,
): Value {
  const share = mul(g, dy, g.scalar(1 / product(kernel), 'share'))
  const open = unsqueeze(
    g,
    share,
    kernel.map((_, axis) => 2 * axis + 3),
  )
  const grown = expand(g, open, g.int64s([1, 1, ...kernel.flatMap((length) => [1, length])], 'repeats'))
  const [, channels, ...output] = dy.shape as number[]
  const covered = output.map((length, axis) => length * (kernel[axis] as number))
  const joined = reshape(g, grown, g.int64s([-1, channels as number, ...covered], 'shape'))
  const rest = inputSize.map((length, axis) => length - (covered[axis] as number))
  if (rest.every((length) => length === 0)) return joined
  return pad(g, joined, g.int64s([0, 0, ...rest.map(() => 0), 0, 0, ...rest], 'pads'))
}

function spread(g: GraphBuilder, dy: Value, geometry: WindowGeometry): Value {
  const { kernel, strides, pads, inputSize } = geometry
  const rank = kernel.length
  const [, channels, ...output] = dy.shape as number[]
  const ones = g.constant(
    floatTensor(
      'ones',
      [channels as number, 1, ...kernel],
      new Float32Array((channels as number) * product(kernel)).fill(1),
    ),
  )
  const shares = g.constant(floatTensor('shares', [1, 1, ...output], sharesOf(output, geometry)))
  const outputPadding = inputSize.map((length, axis) => {
    const covered = ((output[axis] as number) - 1) * (strides[axis] as number) + (kernel[axis] as number)
    return length - (covered - (pads[axis] as number) - (pads[axis + rank] as number))
  })
  return convTranspose(g, [mul(g, dy, shares), ones], {
    kernelShape: kernel,
    strides,
    pads,
    group: channels as number,
    outputPadding,
  })
}

/** 1 / (how many elements each window counts), row-major over the output's positions. */
function sharesOf(output: readonly number[], geometry: WindowGeometry): number[] {
  const { kernel, strides, pads, inputSize, countIncludePad } = geometry
  return output.reduce<number[]>(
    (shares, length, axis) =>
      shares.flatMap((share) =>
        Array.from({ length }, (_, index) => {
          const start = index * (strides[axis] as number) - (pads[axis] as number)
          const end = start + (kernel[axis] as number)
          const inside = Math.min(end, inputSize[axis] as number) - Math.max(start, 0)
          return share / (countIncludePad ? (kernel[axis] as number) : inside)
        }),
      ),
    [1],
  )
}

/** MaxPool's own second output says where each maximum (the first of equals) lies in x as one long row: add dy there. */
export const maxPoolGradient: ExpansionRule = (expansion) => {
  const { g, node } = expansion
  const x = operand(expansion, 0)
  const dy = operand(expansion, 2)
  const [, indices] = maxPoolWithIndices(g, x, geometryOf(node))
  const row = g.int64s([-1], 'row')
  const zeros = constantOfShape(g, shapeOf(g, reshape(g, x, row)))
  const sums = scatterElements(g, [zeros, reshape(g, indices, row), reshape(g, dy, row)], { reduction: 'add' })
  const [, ...rest] = x.shape as number[]
  return reshape(g, sums, g.int64s([-1, ...rest], 'shape'))
}

function maxPoolWithIndices(
  g: GraphBuilder,
  x: Value,
  { kernel, strides, pads, dilations }: WindowGeometry,
): [Value, Value] {
  const attributes = {
    kernel_shape: { type: 'INTS', value: kernel },
    strides: { type: 'INTS', value: strides },
    pads: { type: 'INTS', value: pads },
    dilations: { type: 'INTS', value: dilations },
  } as const
  return g.node('MaxPool', [x], { attributes, outputs: 2 }) as [Value, Value]
}

function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1)
}
