/**
 * Tensors whose elements are made when they are asked for. A weight of hundreds of megabytes is so written into its file straight from
 * where it was saved, and never lies in memory a second time in between.
 */
import { DataType, type Tensor } from './model.js'
import { elementCount, floatValues } from './tensor.js'

/** Writes all elements of a tensor into `target`, which has their number. */
export type Fill = (target: Float32Array) => void

/** Those of the tensors below whose `data` no one has asked for yet. A copy of such a tensor (`{ ...tensor }`) has asked. */
const fills = new WeakMap<Tensor, Fill>()

/** A FLOAT tensor with the elements that `fill` writes, as often as it is called the same ones. Once made, `data` is kept. */
export function deferredFloatTensor(name: string, dims: readonly number[], fill: Fill): Tensor {
  let data: Uint8Array | undefined
  const tensor: Tensor = {
    name,
    dataType: DataType.FLOAT,
    dims,
    get data() {
      if (data === undefined) {
        const values = new Float32Array(elementCount(dims))
        fill(values)
        data = new Uint8Array(values.buffer)
        fills.delete(tensor)
      }
      return data
    },
  }
  fills.set(tensor, fill)
  return tensor
}

/** Writes the elements of a FLOAT tensor into `target`; what was not made yet is not kept. */
export function copyFloats(tensor: Tensor, target: Float32Array): void {
  const fill = fills.get(tensor)
  if (fill === undefined) target.set(floatValues(tensor))
  else fill(target)
}

/** The same tensor under another name; where its elements are not made yet, they still are not. */
export function renamedTensor(tensor: Tensor, name: string): Tensor {
  const fill = fills.get(tensor)
  return fill === undefined ? { ...tensor, name } : deferredFloatTensor(name, tensor.dims, fill)
}

/** The bytes of a tensor; what was not made yet is not kept. */
export function readBytes(tensor: Tensor): Uint8Array {
  const bytes = tensorBytes(tensor)
  if (bytes instanceof Uint8Array) return bytes
  const made = new Uint8Array(bytes.byteLength)
  bytes.fill(made)
  return made
}

/** Bytes that are made when they are written. */
export interface DeferredBytes {
  readonly byteLength: number
  /** Writes all of them into `target`, which has their number. */
  readonly fill: (target: Uint8Array) => void
}

/** `data`, or the making of it where no one has asked for it yet. */
export function tensorBytes(tensor: Tensor): Uint8Array | DeferredBytes {
  const fill = fills.get(tensor)
  if (fill === undefined) return tensor.data
  return { byteLength: elementCount(tensor.dims) * 4, fill: (target: Uint8Array) => fillBytes(target, fill) }
}

/**
 * Lets `fill` write to any place in memory. A Float32Array begins at a multiple of four: the numbers are written up to three bytes too
 * early and moved, and the bytes that lay there are put back.
 */
function fillBytes(target: Uint8Array, fill: Fill): void {
  const { buffer, byteOffset, byteLength } = target
  const early = byteOffset % 4
  const before = new Uint8Array(buffer, byteOffset - early, early)
  const kept = before.slice()
  fill(new Float32Array(buffer, byteOffset - early, byteLength / 4))
  if (early === 0) return
  new Uint8Array(buffer, byteOffset - early, early + byteLength).copyWithin(early, 0, byteLength)
  before.set(kept)
}
