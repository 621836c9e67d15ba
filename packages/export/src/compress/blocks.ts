/**
 * 4-bit weights in blocks: w ≈ scale · (q - 8), q whole from 0 to 15, one scale for so many weights of a row. The layout is that of
 * com.microsoft's MatMulNBits (onnxruntime, docs/ContribOperators.md): rows of blocks, two values a byte, the first in its lower half.
 *
 * The scale of a block is found for the least squared error: the largest weight, with its sign, at -8 and at less, so that clipping it
 * may buy finer steps for the rest; then, for the q of each, the scale that fits them best, ⟨w, q⟩ / ⟨q, q⟩.
 */

/** The largest weight stands at -8, or is clipped where it would stand beyond: share of it that -8 means. */
const CLIPS = [1, 0.9, 0.8, 0.7]

export interface QuantizedBlocks {
  /** [rows, blocks, blockSize / 2] */
  readonly values: Uint8Array
  /** [rows, blocks] */
  readonly scales: Float32Array
}

/** `rows`: [rowCount, columns]; the last block of each row is filled up with zeros. */
export function quantizedBlocks(
  rows: Float32Array,
  { columns, blockSize }: { columns: number; blockSize: number },
): QuantizedBlocks {
  const rowCount = rows.length / columns
  const blocks = Math.ceil(columns / blockSize)
  const values = new Uint8Array((rowCount * blocks * blockSize) / 2)
  const scales = new Float32Array(rowCount * blocks)
  const block = new Float32Array(blockSize)
  for (let index = 0; index < scales.length; index++) {
    const start = Math.floor(index / blocks) * columns
    const offset = (index % blocks) * blockSize
    block.fill(0).set(rows.subarray(start + offset, start + Math.min(columns, offset + blockSize)))
    const scale = blockScale(block)
    scales[index] = scale
    const target = (index * blockSize) / 2
    for (let pair = 0; pair < blockSize / 2; pair++) {
      const low = level(block[2 * pair] as number, scale) + 8
      const high = level(block[2 * pair + 1] as number, scale) + 8
      values[target + pair] = low | (high << 4)
    }
  }
  return { values, scales }
}

/** Never zero. */
function blockScale(block: Float32Array): number {
  let extreme = 0
  for (const value of block) if (Math.abs(value) > Math.abs(extreme)) extreme = value
  if (extreme === 0) return 1
  let best = { scale: 1, error: Number.POSITIVE_INFINITY }
  for (const clip of CLIPS) {
    const fitted = fittedScale(block, (clip * extreme) / -8)
    if (fitted.error < best.error) best = fitted
  }
  return best.scale
}

/** The scale that fits best the levels that `guess` gives, and its squared error with them. */
function fittedScale(block: Float32Array, guess: number): { scale: number; error: number } {
  let product = 0
  let levels = 0
  let square = 0
  for (const value of block) {
    const q = level(value, guess)
    product += value * q
    levels += q * q
    square += value * value
  }
  // The levels of the largest weight are not zero. The error is Σ(w - s·q)² = Σw² - ⟨w, q⟩² / ⟨q, q⟩.
  return { scale: product / levels, error: square - (product * product) / levels }
}

/** From -8 to 7. */
function level(value: number, scale: number): number {
  return Math.max(-8, Math.min(7, Math.round(value / scale)))
}
