/** Tensors from JavaScript's typed arrays and back. Little-endian throughout, as TensorProto.raw_data is. */
import { DataType, type Tensor } from './model.js'

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/** Bits of one element of each data type; STRING has none. */
export const BITS_PER_ELEMENT: Readonly<Partial<Record<DataType, number>>> = {
  [DataType.FLOAT]: 32,
  [DataType.UINT8]: 8,
  [DataType.INT8]: 8,
  [DataType.UINT16]: 16,
  [DataType.INT16]: 16,
  [DataType.INT32]: 32,
  [DataType.INT64]: 64,
  [DataType.BOOL]: 8,
  [DataType.FLOAT16]: 16,
  [DataType.DOUBLE]: 64,
  [DataType.UINT32]: 32,
  [DataType.UINT64]: 64,
  [DataType.COMPLEX64]: 64,
  [DataType.COMPLEX128]: 128,
  [DataType.BFLOAT16]: 16,
  [DataType.FLOAT8E4M3FN]: 8,
  [DataType.FLOAT8E4M3FNUZ]: 8,
  [DataType.FLOAT8E5M2]: 8,
  [DataType.FLOAT8E5M2FNUZ]: 8,
  [DataType.UINT4]: 4,
  [DataType.INT4]: 4,
}

/** Bytes that a tensor of this data type and these dimensions takes; undefined where its elements have no fixed size. */
export function byteLength(dataType: DataType, dims: readonly number[]): number | undefined {
  const bits = BITS_PER_ELEMENT[dataType]
  return bits === undefined ? undefined : Math.ceil((elementCount(dims) * bits) / 8)
}

/** Number of elements of a tensor with these dimensions; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((count, dim) => count * dim, 1)
}

/** A tensor over the bytes of `values`; the memory is shared, not copied. */
export function tensor(name: string, dataType: DataType, dims: readonly number[], values: NumericArray): Tensor {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const expected = byteLength(dataType, dims)
  if (data.byteLength !== expected) {
    throw new Error(
      `tensor ${name}: [${dims.join(', ')}] of data type ${dataType} takes ${expected} bytes, got ${data.byteLength}`,
    )
  }
  return { name, dataType, dims, data }
}

export function floatTensor(name: string, dims: readonly number[], values: readonly number[] | Float32Array): Tensor {
  return tensor(name, DataType.FLOAT, dims, values instanceof Float32Array ? values : Float32Array.from(values))
}

export function int64Tensor(name: string, dims: readonly number[], values: readonly number[]): Tensor {
  return tensor(name, DataType.INT64, dims, BigInt64Array.from(values, BigInt))
}

/** The elements of a FLOAT tensor; a view where the bytes are aligned, a copy otherwise. */
export function floatValues({ name, dataType, data }: Tensor): Float32Array {
  if (dataType !== DataType.FLOAT) throw new Error(`tensor ${name}: expected FLOAT, found data type ${dataType}`)
  const aligned = data.byteOffset % 4 === 0 ? data : data.slice()
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
}

/** The elements of an INT64 tensor as numbers; throws for one beyond ±2^53, which no shape or axis can be. */
export function int64Values({ name, dataType, data }: Tensor): number[] {
  if (dataType !== DataType.INT64) throw new Error(`tensor ${name}: expected INT64, found data type ${dataType}`)
  const aligned = data.byteOffset % 8 === 0 ? data : data.slice()
  return Array.from(new BigInt64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 8), (value) => {
    const number = Number(value)
    if (!Number.isSafeInteger(number)) throw new Error(`tensor ${name}: ${value} is beyond the integers of a number`)
    return number
  })
}
