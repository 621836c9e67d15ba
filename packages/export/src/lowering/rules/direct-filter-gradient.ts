/**
 * The filter gradient of a convolution that has no faster form: dw[o, c, k] = Σ dy[o, i, n] x[c, i s + k - p, n], over the positions i and the
 * pictures n. The windows are gathered as [C kh kw, OH OW N] and multiplied with dy as [O, OH OW N].
 */
import type { Value } from '../../graph/builder.js'
import { add, gather, gemm, pad, reshape, slice } from '../../graph/ops/index.js'
import { elementCount } from '../../onnx/tensor.js'
import type { Convolution } from '../convolution.js'

/**
 * The most that gathered windows may take, 256 MB; layers that would take more are gathered some rows at a time. Measured on two cores of an EPYC
 * with AVX2 against the runtime's Conv with dy for its filters, in groups of eight pictures: AlexNet's first layer (121 taps, batch 128)
 * 95 ms for 507, ResNet-18's first (49 taps, batch 256) 75 for 270, its strided 3 × 3 layers 50 for 70 to 120.
 */
const MOST_WINDOW_FLOATS = 64 * 1024 * 1024

export function directFilterGradient(convolution: Convolution, { x, dy }: { x: Value; dy: Value }): Value {
  const { call, channels, filters, kernel, pads, outputSize, batch } = convolution
  const { g } = call
  const [top = 0, left = 0, bottom = 0, right = 0] = pads
  const inside = pads.every((length) => length === 0)
  const padded = inside ? x : pad(g, x, g.int64s([0, top, left, 0, 0, bottom, right, 0], 'pads'))
  const [, height, width] = padded.shape as [number, number, number]
  const runs = reshape(g, padded, g.int64s([channels, height * width, batch], 'runs'))
  const [outputHeight = 0, outputWidth = 0] = outputSize
  const rowFloats = channels * elementCount(kernel) * outputWidth * batch
  const rows = Math.min(outputHeight, Math.max(1, Math.floor(MOST_WINDOW_FLOATS / rowFloats)))
  let dw: Value | undefined
  for (let start = 0; start < outputHeight; start += rows) {
    const end = Math.min(outputHeight, start + rows)
    const columns = (end - start) * outputWidth * batch
    const windows = gather(g, runs, windowRuns(convolution, { width, start, end }), { axis: 1 }) // [C, kh, kw, rows, OW, N]
    const part = rows === outputHeight ? dy : slice(g, dy, { starts: [start], ends: [end], axes: [1] })
    const factors: [Value, Value] = [
      reshape(g, part, g.int64s([filters, columns], 'rows')),
      reshape(g, windows, g.int64s([channels * elementCount(kernel), columns], 'windows')),
    ]
    dw = gemm(g, dw === undefined ? factors : [...factors, dw], { transB: 1 })
  }
  return reshape(g, dw as Value, g.int64s([filters, channels, ...kernel], 'filters'))
}

/** Which run of N floats of the padded picture, `width` to a row, each tap of each window from row `start` to `end` is: [kh, kw, rows, OW]. */
function windowRuns(
  { call: { g }, kernel, strides, outputSize }: Convolution,
  { width, start, end }: { width: number; start: number; end: number },
): Value {
  const [down = 1, across = 1] = strides
  const [, outputWidth = 0] = outputSize
  const taps = grid(kernel, (row, column) => row * width + column)
  const positions = grid([end - start, outputWidth], (row, column) => (start + row) * down * width + column * across)
  // The sum is constant: the runtime folds it once, and the file holds its two short terms.
  return add(
    g,
    reshape(g, g.int64s(taps, 'taps'), g.int64s([...kernel, 1, 1], 'shape')),
    reshape(g, g.int64s(positions, 'positions'), g.int64s([1, 1, end - start, outputWidth], 'shape')),
  )
}

function grid([rows = 0, columns = 0]: readonly number[], value: (row: number, column: number) => number): number[] {
  return Array.from({ length: rows * columns }, (_, place) => value(Math.floor(place / columns), place % columns))
}
