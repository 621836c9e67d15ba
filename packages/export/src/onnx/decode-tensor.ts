/**
 * TensorProto → Tensor (onnx.proto, IR version 8). raw_data, and float_data and double_data where they are packed, stay views of
 * the file; the integers of the other typed fields, which are varints, are unpacked into elements. External data and segments
 * are refused.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { UserError } from '../errors.js'
import { DATA_LOCATION_EXTERNAL, TENSOR } from './fields.js'
import type { MessageReader } from './message-reader.js'
import { DataType, type Tensor } from './model.js'
import { BITS_PER_ELEMENT, byteLength, elementCount } from './tensor.js'

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(DataType))

/** Which typed field holds the elements of a type that is not in int32_data. */
const TYPED_FIELD: Readonly<Partial<Record<DataType, number>>> = {
  [DataType.FLOAT]: TENSOR.floatData,
  [DataType.COMPLEX64]: TENSOR.floatData,
  [DataType.DOUBLE]: TENSOR.doubleData,
  [DataType.COMPLEX128]: TENSOR.doubleData,
  [DataType.INT64]: TENSOR.int64Data,
  [DataType.UINT32]: TENSOR.uint64Data,
  [DataType.UINT64]: TENSOR.uint64Data,
}

/** The data type of that number; throws a UserError for one that this package does not know. */
export function dataTypeOf(value: number, where: string): DataType {
  if (KNOWN_TYPES.has(value)) return value as DataType
  throw new UserError('UNSUPPORTED', `${where}: expected a data type of onnx 1.16 or before, found number ${value}`)
}

export function readTensor(message: MessageReader): Tensor {
  const dims: (number | bigint)[] = []
  let name = ''
  let type = 0
  let raw: Uint8Array | undefined
  let strings: string[] | undefined
  const typed = new Map<number, FieldBytes>()
  const collect = (elementType: WireType): void => {
    const bytes = typed.get(message.field) ?? new FieldBytes()
    bytes.add(message.packed(elementType))
    typed.set(message.field, bytes)
  }
  while (message.next()) {
    switch (message.field) {
      case TENSOR.dims:
        message.ints(dims)
        break
      case TENSOR.dataType:
        type = message.safeInt()
        break
      case TENSOR.name:
        name = message.string()
        break
      case TENSOR.rawData:
        raw = message.bytes()
        break
      case TENSOR.stringData:
        strings ??= []
        strings.push(message.string())
        break
      case TENSOR.floatData:
        collect(WireType.Bit32)
        break
      case TENSOR.doubleData:
        collect(WireType.Bit64)
        break
      case TENSOR.int32Data:
      case TENSOR.int64Data:
      case TENSOR.uint64Data:
        collect(WireType.Varint)
        break
      case TENSOR.externalData:
        throw external(name)
      case TENSOR.dataLocation:
        if (message.safeInt() === DATA_LOCATION_EXTERNAL) throw external(name)
        break
      case TENSOR.segment:
        throw new UserError('UNSUPPORTED', `tensor ${name}: expected it whole, found a segment of it`)
      default:
        message.skip()
    }
  }
  const dataType = dataTypeOf(type, `tensor ${name}`)
  if (dataType === DataType.UNDEFINED) throw new Error(`tensor ${name} has no data type`)
  checkDims(name, dims)
  if (dataType === DataType.STRING) return stringTensor(name, dims, strings ?? [])
  const data = raw ?? typedData({ name, dataType, dims }, typed.get(TYPED_FIELD[dataType] ?? TENSOR.int32Data))
  const expected = byteLength(dataType, dims)
  if (data.byteLength !== expected) {
    throw new Error(`tensor ${name}: its shape takes ${expected} bytes, it has ${data.byteLength}`)
  }
  return { name, dataType, dims, data }
}

function external(name: string): UserError {
  const remedy = 'save the model as one file'
  return new UserError('UNSUPPORTED', `tensor ${name}: expected its data in the file, found external data; ${remedy}`)
}

function checkDims(name: string, dims: readonly (number | bigint)[]): asserts dims is readonly number[] {
  const fit = dims.every((dim) => typeof dim === 'number' && dim >= 0)
  if (!fit || !Number.isSafeInteger(elementCount(dims as readonly number[]) * 16)) {
    throw new Error(`tensor ${name} has impossible dimensions`)
  }
}

function stringTensor(name: string, dims: readonly number[], strings: readonly string[]): Tensor {
  if (strings.length !== elementCount(dims)) {
    throw new Error(`tensor ${name}: its shape takes ${elementCount(dims)} strings, it has ${strings.length}`)
  }
  return { name, dataType: DataType.STRING, dims, data: new Uint8Array(0), strings }
}

function typedData({ name, dataType, dims }: Omit<Tensor, 'data'>, field: FieldBytes | undefined): Uint8Array {
  const bytes = field?.bytes ?? new Uint8Array(0)
  const fieldNumber = TYPED_FIELD[dataType] ?? TENSOR.int32Data
  // Packed floats and doubles are laid out as raw_data is.
  if (fieldNumber === TENSOR.floatData || fieldNumber === TENSOR.doubleData) return bytes
  // Elements of 4 bits lie two in one byte, and each byte in one int32.
  const elementBytes = Math.ceil((BITS_PER_ELEMENT[dataType] ?? 0) / 8)
  const expected = (byteLength(dataType, dims) ?? 0) / elementBytes
  // A varint takes 1 to 10 bytes, the last of which is below 128.
  const possible = bytes.byteLength >= expected && bytes.byteLength <= 10 * expected
  const found = possible ? bytes.reduce((count, byte) => count + (byte < 0x80 ? 1 : 0), 0) : undefined
  if (found !== expected) {
    throw new Error(`tensor ${name}: its shape takes ${expected} elements, its ${bytes.byteLength} bytes hold others`)
  }
  return unpacked(bytes, { elementBytes, count: expected })
}

/** The low bytes of each varint. */
function unpacked(bytes: Uint8Array, { elementBytes, count }: { elementBytes: number; count: number }): Uint8Array {
  const data = new Uint8Array(count * elementBytes)
  const view = new DataView(data.buffer)
  const reader = new BinaryReader(bytes)
  for (let offset = 0; offset < data.byteLength; offset += elementBytes) {
    if (elementBytes === 8) view.setBigUint64(offset, BigInt(reader.uint64()), true)
    else {
      const value = Number(BigInt.asUintN(32, BigInt(reader.uint64())))
      if (elementBytes === 4) view.setUint32(offset, value, true)
      else if (elementBytes === 2) view.setUint16(offset, value & 0xffff, true)
      else view.setUint8(offset, value & 0xff)
    }
  }
  return data
}

/** The bytes of a repeated field: the view itself where there is one, else a buffer that doubles as it grows. */
class FieldBytes {
  #bytes: Uint8Array = new Uint8Array(0)
  #length = 0

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  add(more: Uint8Array): void {
    if (this.#length === 0) {
      this.#bytes = more
      this.#length = more.byteLength
      return
    }
    const length = this.#length + more.byteLength
    // The first view has no room to spare, so that it is copied here before anything is written.
    if (length > this.#bytes.byteLength) {
      const grown = new Uint8Array(2 * length)
      grown.set(this.bytes)
      this.#bytes = grown
    }
    this.#bytes.set(more, this.#length)
    this.#length = length
  }
}
