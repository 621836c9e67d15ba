/**
 * Transposition of a dense array. The element order of the result is that of numpy's `x.reshape(dims).transpose(order)`.
 *
 * The loops run over tiles of the two dimensions that are contiguous, one in the source and one in the result, so that
 * both are read and written by cache lines: a 6400 × 4096 dense kernel is the case that matters.
 */
import { elementCount } from '../onnx/tensor.js'

/** 32 × 32 floats are 4 KiB on either side: both tiles stay in a first-level cache. */
const TILE = 32

/** The permutation that undoes `order`: `inverse(order)[order[i]] = i`. */
export function inversePermutation(order: readonly number[]): number[] {
  const inverse = new Array<number>(order.length)
  for (const [index, axis] of order.entries()) inverse[axis] = index
  return inverse
}

/** Whether `order` names each axis of a rank exactly once. */
export function isPermutation(order: readonly number[]): boolean {
  return [...order].sort((a, b) => a - b).every((axis, index) => axis === index)
}

/** `values` of shape `dims` with its axes in `order`: axis i of the result is axis `order[i]` of the source. */
export function transposed(values: Float32Array, dims: readonly number[], order: readonly number[]): Float32Array {
  const result = new Float32Array(values.length)
  transposeInto(result, values, { dims, order })
  return result
}

/** The same into `result`, of the same length, which is not the memory of `values`. */
export function transposeInto(
  result: Float32Array,
  values: Float32Array,
  { dims, order }: { readonly dims: readonly number[]; readonly order: readonly number[] },
): void {
  if (order.length !== dims.length || !isPermutation(order)) {
    throw new Error(`internal: transpose: [${order.join(', ')}] is no permutation of ${dims.length} axes`)
  }
  if (values.length !== elementCount(dims)) {
    throw new Error(`internal: transpose: [${dims.join(', ')}] is not the shape of ${values.length} elements`)
  }
  const merged = mergedAxes(dims, order)
  const rank = merged.dims.length
  if (rank < 2 || values.length === 0) {
    result.set(values)
    return
  }

  const sourceStrides = strides(merged.dims)
  // By the result's axes: lengths, steps in the source, steps in the result.
  const lengths = merged.order.map((axis) => merged.dims[axis] ?? 0)
  const from = merged.order.map((axis) => sourceStrides[axis] ?? 0)
  const to = strides(lengths)
  const inner = rank - 1 // contiguous in the result
  const across = merged.order.indexOf(rank - 1) // contiguous in the source
  const outer = lengths.map((_, axis) => axis).filter((axis) => axis !== inner && axis !== across)

  const innerLength = lengths[inner] ?? 0
  const innerFrom = from[inner] ?? 0
  const acrossLength = across === inner ? 1 : (lengths[across] ?? 0)
  const acrossTo = to[across] ?? 0
  const odometer = outer.map(() => 0)
  let source = 0
  let target = 0
  for (;;) {
    if (across === inner) {
      result.set(values.subarray(source, source + innerLength), target)
    } else {
      for (let a0 = 0; a0 < acrossLength; a0 += TILE) {
        const a1 = Math.min(a0 + TILE, acrossLength)
        for (let i0 = 0; i0 < innerLength; i0 += TILE) {
          const i1 = Math.min(i0 + TILE, innerLength)
          for (let a = a0; a < a1; a++) {
            let read = source + a + i0 * innerFrom
            let write = target + a * acrossTo + i0
            for (let i = i0; i < i1; i++) {
              result[write++] = values[read] as number
              read += innerFrom
            }
          }
        }
      }
    }
    let digit = outer.length - 1
    for (; digit >= 0; digit--) {
      const axis = outer[digit] as number
      const next = (odometer[digit] as number) + 1
      source += from[axis] as number
      target += to[axis] as number
      if (next < (lengths[axis] as number)) {
        odometer[digit] = next
        break
      }
      odometer[digit] = 0
      source -= next * (from[axis] as number)
      target -= next * (to[axis] as number)
    }
    if (digit < 0) return
  }
}

/** Row-major steps between neighbours along each axis. */
function strides(dims: readonly number[]): number[] {
  const steps = new Array<number>(dims.length)
  let step = 1
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    steps[axis] = step
    step *= dims[axis] ?? 0
  }
  return steps
}

/** The same transposition on fewer axes: those of length 1 are dropped, those that stay neighbours become one. */
function mergedAxes(dims: readonly number[], order: readonly number[]): { dims: number[]; order: number[] } {
  const groups: number[][] = []
  for (const axis of order.filter((candidate) => dims[candidate] !== 1)) {
    const last = groups.at(-1)
    const follows = last !== undefined && dims.slice((last.at(-1) ?? 0) + 1, axis).every((length) => length === 1)
    if (last !== undefined && follows && axis > (last.at(-1) ?? 0)) last.push(axis)
    else groups.push([axis])
  }
  const bySource = [...groups].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))
  return {
    dims: bySource.map((group) => group.reduce((length, axis) => length * (dims[axis] ?? 1), 1)),
    order: groups.map((group) => bySource.indexOf(group)),
  }
}
