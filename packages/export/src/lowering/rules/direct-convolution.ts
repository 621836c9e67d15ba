/**
 * Convolutions by ONNX Runtime's own Conv, with the batch as a third spatial axis: x [C, H, W, N] is the picture [1, C, H, W, N],
 * whose kernel has length 1 along N. What the runtime gathers are then runs of N floats.
 */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { concat, constantOfShape, conv, convTranspose, pad, reshape, slice, transpose } from '../../graph/ops/index.js'
import type { Convolution } from '../convolution.js'

/** Maps of at most so many channels (MLAS packs its right-hand side for a product of so few rows) have formulations of their own. */
const FEW_CHANNELS = 16

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
