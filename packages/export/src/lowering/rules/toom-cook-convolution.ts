/**
 * Stride-1 convolutions by Toom-Cook tiles (`../toom-cook.ts`), the transforms written as matrix products:
 *
 *   X̂ = T x   [Q, C, P]   T holds Bᵀ for each tile, the padding included; Q = n² points, P = tiles · N
 *   Ŵ = G w Gᵀ [Q, O, C]
 *   Ŷ = Ŵ X̂   [Q, O, P]   Q independent products
 *   y = S Ŷ               S holds Aᵀ for each tile
 *
 * All steps are linear, so the gradients are the same steps transposed: dŶ = Sᵀ dy, dŴ = dŶ X̂ᵀ, dw = Gᵀ dŴ G, dX̂ = Ŵᵀ dŶ, dx = Tᵀ dX̂.
 * The transforms of x, w and dy are shared between them. Rounding, in norm: 4·10⁻⁶ for F(6, 3) and F(4, 5), 1.5·10⁻⁶ for F(3, 3), against 3·10⁻⁷
 * of a direct sum.
 */
import type { Value } from '../../graph/builder.js'
import { conv, gemm, matMul, reshape, transpose } from '../../graph/ops/index.js'
import { floatTensor } from '../../onnx/tensor.js'
import type { Convolution } from '../convolution.js'
import { fusedMatMul } from '../fused-ops.js'
import { toomCook } from '../toom-cook.js'

type Matrix = readonly (readonly number[])[]

export function toomCookConvolution(
  convolution: Convolution,
  { x, w, b }: { x: Value; w: Value; b: Value | undefined },
): Value {
  const { call, filters, outputSize, batch } = convolution
  const { g } = call
  const product = matMul(g, filterTransform(convolution, w), dataTransform(convolution, x))
  const y = fromTiles(convolution, product, { matrices: outputMatrices(convolution), depth: filters, size: outputSize })
  if (b === undefined) return y
  // Bias as a convolution of each channel by itself with 1: one pass, into which ONNX Runtime fuses a ReLU that follows.
  const ones = g.constant(floatTensor('ones', [filters, 1, 1, 1], new Float32Array(filters).fill(1)))
  const flat = reshape(g, y, g.int64s([1, filters, product1(outputSize), batch], 'flat'))
  return reshape(g, conv(g, [flat, ones, b], { group: filters }), g.int64s([filters, ...outputSize, batch], 'shape'))
}

export function toomCookInputGradient(convolution: Convolution, { dy, w }: { dy: Value; w: Value }): Value {
  const { call, channels, inputSize } = convolution
  const product = fusedMatMul(call.g, [filterTransform(convolution, w), gradientTransform(convolution, dy)], {
    transA: 1,
  })
  const matrices = dataMatrices(convolution).map(transposed)
  return fromTiles(convolution, product, { matrices, depth: channels, size: inputSize })
}

export function toomCookFilterGradient(convolution: Convolution, { x, dy }: { x: Value; dy: Value }): Value {
  const { call, channels, filters, kernel } = convolution
  const { g } = call
  const points = fusedMatMul(g, [gradientTransform(convolution, dy), dataTransform(convolution, x)], { transB: 1 })
  const rows = reshape(g, points, g.int64s([points.shape[0] as number, filters * channels], 'rows'))
  // As MatMul and Transpose: a Gemm of so narrow a result, which ONNX Runtime would make of Gemm and Transpose, is slow.
  const dw = matMul(g, constantMatrix(convolution, transposed(tapsToPoints(convolution))), rows) // [r², O C]
  return reshape(g, transpose(g, dw, { perm: [1, 0] }), g.int64s([filters, channels, ...kernel], 'filter'))
}

/** w [O, C, r, r] → Ŵ [Q, O, C] */
function filterTransform(convolution: Convolution, w: Value): Value {
  const { call, channels, filters, kernel, m } = convolution
  const { g } = call
  return call.shared(`toom-cook ${m} of filter ${w.name}`, () => {
    const taps = reshape(g, w, g.int64s([filters * channels, product1(kernel)], 'taps'))
    const points = gemm(g, [constantMatrix(convolution, tapsToPoints(convolution)), taps], { transB: 1 })
    return reshape(g, points, g.int64s([points.shape[0] as number, filters, channels], 'points'))
  })
}

/** x [C, H, W, N] → X̂ [Q, C, P] */
function dataTransform(convolution: Convolution, x: Value): Value {
  return convolution.call.shared(`toom-cook ${key(convolution)} of data ${x.name}`, () =>
    toTiles(convolution, x, dataMatrices(convolution)),
  )
}

/** dy [O, OH, OW, N] → dŶ [Q, O, P] */
function gradientTransform(convolution: Convolution, dy: Value): Value {
  return convolution.call.shared(`toom-cook ${key(convolution)} of gradient ${dy.name}`, () =>
    toTiles(convolution, dy, outputMatrices(convolution).map(transposed)),
  )
}

function key({ m, kernel, pads }: Convolution): string {
  return `${m} ${kernel.join('×')} ${pads.join(',')}`
}

/** Maps of at most this many pixels are transformed by one matrix for both axes: one product instead of two with a transposition between. */
const SMALL_MAP = 36

/** x [D, H, W, N] by a matrix [n t, length] along each spatial axis → [Q, D, t t' N] */
function toTiles(convolution: Convolution, x: Value, matrices: readonly Matrix[]): Value {
  const { call, m, kernel, batch } = convolution
  const { g } = call
  const n = m + (kernel[0] as number) - 1
  const [rows, columns] = matrices as [Matrix, Matrix]
  const [depth, height, width] = x.shape as [number, number, number]
  const tilesHigh = rows.length / n
  const tilesWide = columns.length / n
  const positions = tilesHigh * tilesWide * batch
  if (height * width <= SMALL_MAP) {
    const both = constantMatrix(convolution, kronecker(rows, columns, { n, order: 'rows' }))
    const points = matMul(g, both, reshape(g, x, g.int64s([depth, height * width, batch], 'pixels')))
    const split = reshape(g, points, g.int64s([depth, n * n, positions], 'points'))
    return transpose(g, split, { perm: [1, 0, 2] })
  }
  const down = matMul(
    g,
    constantMatrix(convolution, rows),
    reshape(g, x, g.int64s([depth, height, width * batch], 'rows')),
  )
  const across = matMul(
    g,
    constantMatrix(convolution, columns),
    reshape(g, down, g.int64s([depth * rows.length, width, batch], 'columns')),
  )
  const split = reshape(g, across, g.int64s([depth, n, tilesHigh, n, tilesWide * batch], 'points'))
  const ordered = transpose(g, split, { perm: [1, 3, 0, 2, 4] })
  return reshape(g, ordered, g.int64s([n * n, depth, positions], 'tiles'))
}

interface Untiling {
  /** [length, n t] along each spatial axis. */
  readonly matrices: readonly Matrix[]
  readonly depth: number
  readonly size: readonly number[]
}

/** [Q, D, t t' N] → [D, H, W, N] */
function fromTiles(convolution: Convolution, points: Value, { matrices, depth, size }: Untiling): Value {
  const { call, m, kernel, batch } = convolution
  const { g } = call
  const n = m + (kernel[0] as number) - 1
  const [rows, columns] = matrices as [Matrix, Matrix]
  const [height = 0, width = 0] = size
  const tilesHigh = (rows[0]?.length ?? 0) / n
  const tilesWide = (columns[0]?.length ?? 0) / n
  const shape = g.int64s([depth, height, width, batch], 'shape')
  if (height * width <= SMALL_MAP) {
    const both = constantMatrix(convolution, kronecker(rows, columns, { n, order: 'columns' }))
    const byDepth = transpose(g, points, { perm: [1, 0, 2] })
    const pixels = matMul(
      g,
      both,
      reshape(g, byDepth, g.int64s([depth, n * n * tilesHigh * tilesWide, batch], 'points')),
    )
    return reshape(g, pixels, shape)
  }
  const split = reshape(g, points, g.int64s([n, n, depth, tilesHigh, tilesWide * batch], 'tiles'))
  const ordered = transpose(g, split, { perm: [2, 0, 3, 1, 4] })
  const across = matMul(
    g,
    constantMatrix(convolution, columns),
    reshape(g, ordered, g.int64s([depth * n * tilesHigh, n * tilesWide, batch], 'columns')),
  )
  const down = matMul(
    g,
    constantMatrix(convolution, rows),
    reshape(g, across, g.int64s([depth, n * tilesHigh, width * batch], 'rows')),
  )
  return reshape(g, down, shape)
}

/** Along each spatial axis, [n t, length]: row (a, k) is row a of Bᵀ over the data of tile k, the padding left out. */
function dataMatrices({ m, kernel, pads, inputSize, outputSize }: Convolution): Matrix[] {
  return inputSize.map((length, axis) => {
    const { bt } = toomCook(m, kernel[axis] as number)
    const tiles = Math.ceil((outputSize[axis] as number) / m)
    return bt.flatMap((row) =>
      Array.from({ length: tiles }, (_, tile) => {
        const taps = new Array<number>(length).fill(0)
        for (const [index, value] of row.entries()) {
          const position = m * tile - (pads[axis] as number) + index
          if (position >= 0 && position < length) taps[position] = value
        }
        return taps
      }),
    )
  })
}

/** Along each spatial axis, [length, n t]: output i of tile k is row i of Aᵀ over the points of tile k. */
function outputMatrices({ m, kernel, outputSize }: Convolution): Matrix[] {
  return outputSize.map((length, axis) => {
    const { at } = toomCook(m, kernel[axis] as number)
    const tiles = Math.ceil(length / m)
    return Array.from({ length }, (_, position) => {
      const tile = Math.floor(position / m)
      const weights = at[position % m] as readonly number[]
      return weights.flatMap((value) => Array.from({ length: tiles }, (_, other) => (other === tile ? value : 0)))
    })
  })
}

/** G ⊗ G, [Q, r²] */
function tapsToPoints({ m, kernel }: Convolution): Matrix {
  const { g } = toomCook(m, kernel[0] as number)
  return g.flatMap((a) => g.map((b) => a.flatMap((left) => b.map((right) => left * right))))
}

/**
 * The matrix for both axes at once. `rows`: [n t, H] and [n t', W] → [n n t t', H W], its rows ordered (a, b, tile, tile');
 * `columns`: [H, n t] and [W, n t'] → [H W, n n t t'], its columns so ordered.
 */
function kronecker(first: Matrix, second: Matrix, { n, order }: { n: number; order: 'rows' | 'columns' }): Matrix {
  if (order === 'columns') return transposed(kronecker(transposed(first), transposed(second), { n, order: 'rows' }))
  const tiles = first.length / n
  const tiles2 = second.length / n
  const result: number[][] = []
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      for (let tile = 0; tile < tiles; tile++) {
        for (let tile2 = 0; tile2 < tiles2; tile2++) {
          const left = first[a * tiles + tile] as readonly number[]
          const right = second[b * tiles2 + tile2] as readonly number[]
          result.push(left.flatMap((x) => right.map((y) => x * y)))
        }
      }
    }
  }
  return result
}

function constantMatrix({ call }: Convolution, matrix: Matrix): Value {
  return call.g.constant(floatTensor('transform', [matrix.length, matrix[0]?.length ?? 0], matrix.flat()))
}

function transposed(matrix: Matrix): Matrix {
  return (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column] as number))
}

function product1(values: readonly number[]): number {
  return values.reduce((product, value) => product * value, 1)
}
