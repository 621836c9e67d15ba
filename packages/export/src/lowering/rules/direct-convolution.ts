/**
 * Convolutions by ONNX Runtime's own Conv, with the batch as a third spatial axis: x [C, H, W, N] is the picture [1, C, H, W, N],
 * whose kernel has length 1 along N. What the runtime gathers are then runs of N floats.
 */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import {
  concat,
  constantOfShape,
  conv,
  convTranspose,
  gemm,
  pad,
  reduceSum,
  reshape,
  slice,
  transpose,
} from '../../graph/ops/index.js'
import { floatTensor } from '../../onnx/tensor.js'
import type { Convolution } from '../convolution.js'

/** Maps of at most so many channels (MLAS packs its right-hand side for a product of so few rows) have formulations of their own. */
const FEW_CHANNELS = 16

/**
 * Pictures of a group: the first of these that divides the batch. The windows of eight fit in the cache; measured on the strided layers
 * of ResNet-18 at batch 256 against groups of 16 and the whole batch: 0.8 and 0.6 of their time.
 */
const PICTURES_OF_A_GROUP = [8, 4, 2, 1]

/** Windows of at most so many taps on one channel are worth gathering: the identity costs taps² multiplications a position. */
const FEW_TAPS = 64

export function directConvolution(
  convolution: Convolution,
  { x, w, b }: { x: Value; w: Value; b: Value | undefined },
): Value {
  const { call, filters, kernel, strides, pads, outputSize, batch } = convolution
  const { g } = call
  const y = conv(g, [asPicture(g, x), withBatchAxis(g, w), b], {
    kernelShape: [...kernel, 1],
    strides: [...strides, 1],
    pads: withBatchPads(pads),
  })
  return reshape(g, y, g.int64s([filters, ...outputSize, batch], 'shape'))
}

export function directInputGradient(convolution: Convolution, tensors: { dy: Value; w: Value }): Value {
  const { strides, channels } = convolution
  const dense = strides.every((stride) => stride === 1)
  if (dense && channels <= FEW_CHANNELS) return foldedTranspose(convolution, tensors)
  return phases(convolution, tensors)
}

/**
 * Few input channels: a product and a scatter (col2im) in ConvTranspose, the batch folded into the width, [1, O, OH, OW · N], so that
 * neighbours along the width are N apart.
 */
function foldedTranspose(convolution: Convolution, { dy, w }: { dy: Value; w: Value }): Value {
  const { call, channels, filters, kernel, pads, inputSize, outputSize, batch } = convolution
  const { g } = call
  const [height = 0, width = 0] = outputSize
  const [top = 0, left = 0, bottom = 0, right = 0] = pads
  const folded = reshape(g, dy, g.int64s([1, filters, height, width * batch], 'folded'))
  const dx = convTranspose(g, [folded, w], {
    kernelShape: kernel,
    dilations: [1, batch],
    pads: [top, left * batch, bottom, right * batch],
  })
  return reshape(g, dx, g.int64s([channels, ...inputSize, batch], 'shape'))
}

/**
 * dx[h] = Σₖ w[k] dy[(h + p - k) / s] over the k that divide: for each phase a = (h + p) mod s along each axis a convolution of
 * dy with the taps w[a], w[a + s], …, turned round; the phases are then interleaved. With stride 1 there is one phase.
 */
function phases(convolution: Convolution, { dy, w }: { dy: Value; w: Value }): Value {
  const { call, channels, strides, inputSize, batch } = convolution
  const { g } = call
  const [rowPhases, columnPhases] = inputSize.map((_, axis) => axisPhases(convolution, axis)) as [Phase[], Phase[]]
  const turned = transpose(g, w, { perm: [1, 0, 2, 3] }) // [O, C, …] -> [C, O, …]
  const rows = rowPhases.map((row) => {
    const parts = columnPhases.map((column) => phase(convolution, { dy, turned }, [row, column]))
    return interleaved(g, parts, { axis: 2, length: inputSize[1] as number })
  })
  const dx = interleaved(g, rows, { axis: 1, length: inputSize[0] as number })
  if (strides.every((stride) => stride === 1)) return dx
  return reshape(g, dx, g.int64s([channels, ...inputSize, batch], 'shape'))
}

interface Phase {
  /** The first tap and how many there are, a stride apart. */
  readonly tap: number
  readonly taps: number
  /** How many positions of dx this phase has. */
  readonly count: number
  /** dy's index that the first of them meets with its first tap. */
  readonly start: number
}

/** The phases in the order of the first position that each has in dx. */
function axisPhases({ kernel, strides, pads, inputSize }: Convolution, axis: number): Phase[] {
  const stride = strides[axis] as number
  const begin = pads[axis] as number
  return Array.from({ length: stride }, (_, first) => {
    const tap = (first + begin) % stride
    return {
      tap,
      taps: Math.max(0, Math.ceil(((kernel[axis] as number) - tap) / stride)),
      count: Math.max(0, Math.ceil(((inputSize[axis] as number) - first) / stride)),
      start: (first + begin - tap) / stride,
    }
  })
}

/** One phase of dx: [C, rows, columns, N]. */
function phase(
  { call, channels, strides, outputSize, batch }: Convolution,
  { dy, turned }: { dy: Value; turned: Value },
  axes: readonly Phase[],
): Value {
  const { g } = call
  const size = axes.map(({ count }) => count)
  const shape = g.int64s([channels, ...size, batch], 'phase')
  if (axes.some(({ taps }) => taps === 0)) return constantOfShape(g, shape)
  // The taps of the phase, last first: Slice runs backwards from the last one.
  const filter = slice(g, turned, {
    starts: axes.map(({ tap, taps }, axis) => tap + (taps - 1) * (strides[axis] as number)),
    ends: axes.map(() => Number.MIN_SAFE_INTEGER),
    axes: [2, 3],
    steps: strides.map((stride) => -stride),
  })
  // Position i meets dy[start + i - t]: taps - 1 - start zeros (or dy cut short, where that is negative) before, the rest behind.
  const before = axes.map(({ taps, start }) => taps - 1 - start)
  const behind = axes.map(({ count, start }, axis) => start + count - (outputSize[axis] as number))
  if (outputSize.some((length, axis) => -(before[axis] as number) >= length || -(behind[axis] as number) >= length)) {
    return constantOfShape(g, shape)
  }
  const cut = cropped(g, dy, { before, behind })
  const y = conv(g, [asPicture(g, cut), withBatchAxis(g, filter)], {
    kernelShape: [...axes.map(({ taps }) => taps), 1],
    pads: [...before.map(atLeastZero), 0, ...behind.map(atLeastZero), 0],
  })
  return reshape(g, y, shape)
}

/** x [D, H, W, N] without what negative margins cut off. */
function cropped(g: GraphBuilder, x: Value, { before, behind }: { before: number[]; behind: number[] }): Value {
  const axes = before.flatMap((length, axis) => (length < 0 || (behind[axis] as number) < 0 ? [axis + 1] : []))
  if (axes.length === 0) return x
  return slice(g, x, {
    starts: axes.map((axis) => atLeastZero(-(before[axis - 1] as number))),
    ends: axes.map((axis) => (x.shape[axis] as number) - atLeastZero(-(behind[axis - 1] as number))),
    axes,
  })
}

/** Element i of the result is element ⌊i / parts⌋ of part i mod parts, along `axis`, up to `length`. */
function interleaved(
  g: GraphBuilder,
  parts: readonly Value[],
  { axis, length }: { axis: number; length: number },
): Value {
  const [first, ...others] = parts as [Value, ...Value[]]
  if (others.length === 0) return first
  const longest = Math.max(...parts.map(({ shape }) => shape[axis] as number))
  const opened = parts.map((part) => {
    const missing = longest - (part.shape[axis] as number)
    const margins = part.shape.map((_, other) => (other === axis ? missing : 0))
    const whole = missing === 0 ? part : pad(g, part, g.int64s([...part.shape.map(() => 0), ...margins], 'pads'))
    return reshape(g, whole, g.int64s(whole.shape.toSpliced(axis + 1, 0, 1) as number[], 'open'))
  })
  const shape = (first.shape as number[]).with(axis, longest * parts.length)
  const joined = reshape(g, concat(g, opened, { axis: axis + 1 }), g.int64s(shape, 'joined'))
  return longest * parts.length === length ? joined : slice(g, joined, { starts: [0], ends: [length], axes: [axis] })
}

/**
 * dw[o, k, c] = Σ x[c, i s + k - p, n] dy[o, i, n]: a convolution whose picture is x as [H, W, N C], whose filters are dy as
 * [OH, OW, N], and whose dilation is the stride, and C along the last axis. The batch is taken in parts, each a group of the
 * convolution: what the runtime gathers for one stays in the cache, and its threads share the groups among them.
 */
export function directFilterGradient(convolution: Convolution, { x, dy }: { x: Value; dy: Value }): Value {
  const { call, channels, filters, kernel, strides, pads, inputSize, outputSize, batch } = convolution
  const { g } = call
  if (channels === 1 && kernel.reduce((taps, length) => taps * length, 1) <= FEW_TAPS) {
    return gatheredFilterGradient(convolution, { x, dy })
  }
  const part = PICTURES_OF_A_GROUP.find((count) => batch % count === 0) as number
  const groups = batch / part
  // What the last window did not reach is cut off; what it reached beyond the picture is padded.
  const ends = inputSize.map((length, axis) => reach(convolution, axis) - length - (pads[axis] as number))
  const cut = cropped(g, x, { before: ends.map(() => 0), behind: ends })
  const [, height, width] = cut.shape as [number, number, number]
  const positions = height * width
  const split = reshape(g, cut, g.int64s([channels, positions, groups, part], 'parts'))
  const ordered = transpose(g, split, { perm: [2, 1, 3, 0] }) // [G, H W, n, C]
  const picture = reshape(g, ordered, g.int64s([1, groups, height, width, part * channels], 'picture'))
  const [outputHeight = 0, outputWidth = 0] = outputSize
  const dySplit = reshape(g, dy, g.int64s([filters, outputHeight * outputWidth, groups, part], 'dy_parts'))
  const filter = reshape(
    g,
    transpose(g, dySplit, { perm: [2, 0, 1, 3] }),
    g.int64s([groups * filters, 1, outputHeight, outputWidth, part], 'filter'),
  )
  const parts = conv(g, [picture, filter], {
    kernelShape: [outputHeight, outputWidth, part],
    pads: [...pads.slice(0, 2), 0, ...ends.map(atLeastZero), 0],
    dilations: [...strides, channels],
    group: groups,
  }) // [1, G O, kh, kw, C]
  const byGroup = reshape(g, parts, g.int64s([groups, filters, ...kernel, channels], 'by_group'))
  const dw = reduceSum(g, byGroup, { axes: [0], keepdims: 0 })
  return transpose(g, dw, { perm: [0, 3, 1, 2] }) // [O, kh, kw, C] -> [O, C, kh, kw]
}

/** One channel and few taps: the windows gathered by a convolution with the identity, then one matrix product. */
function gatheredFilterGradient(convolution: Convolution, { x, dy }: { x: Value; dy: Value }): Value {
  const { call, filters, kernel, strides, pads, outputSize, batch } = convolution
  const { g } = call
  const taps = kernel.reduce((product, length) => product * length, 1)
  const identity = Float32Array.from({ length: taps * taps }, (_, index) => (index % (taps + 1) === 0 ? 1 : 0))
  const gather = g.constant(floatTensor('gather', [taps, 1, ...kernel, 1], identity))
  const windows = conv(g, [asPicture(g, x), gather], {
    kernelShape: [...kernel, 1],
    strides: [...strides, 1],
    pads: withBatchPads(pads),
  })
  const positions = outputSize.reduce((product, length) => product * length, batch)
  const dw = gemm(
    g,
    [
      reshape(g, dy, g.int64s([filters, positions], 'rows')),
      reshape(g, windows, g.int64s([taps, positions], 'windows')),
    ],
    { transB: 1 },
  )
  return reshape(g, dw, g.int64s([filters, 1, ...kernel], 'filters'))
}

/** Length that the windows cover, the begin padding included. */
function reach({ kernel, strides, outputSize }: Convolution, axis: number): number {
  return ((outputSize[axis] as number) - 1) * (strides[axis] as number) + (kernel[axis] as number)
}

/** [C, H, W, N] → [1, C, H, W, N] */
function asPicture(g: GraphBuilder, x: Value): Value {
  return reshape(g, x, g.int64s([1, ...(x.shape as number[])], 'picture'))
}

/** [O, C, kh, kw] → [O, C, kh, kw, 1] */
function withBatchAxis(g: GraphBuilder, w: Value): Value {
  return reshape(g, w, g.int64s([...(w.shape as number[]), 1], 'kernel'))
}

function withBatchPads([top = 0, left = 0, bottom = 0, right = 0]: readonly number[]): number[] {
  return [top, left, 0, bottom, right, 0]
}

function atLeastZero(length: number): number {
  return Math.max(0, length)
}
