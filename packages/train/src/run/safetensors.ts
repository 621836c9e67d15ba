/**
 * The safetensors file format (huggingface/safetensors 0.4, "Format"): an 8-byte little-endian header length, a JSON
 * header, then the tensors' bytes. Only float32 (F32) tensors; text goes into `__metadata__`.
 */
import { UserError } from 'mnist-export'

export interface SafeTensors {
  /** Row-major arrays by name, with their shapes. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>
  readonly metadata: Readonly<Record<string, string>>
}

interface Entry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/** Bytes of the header's own length. */
const PREFIX = 8

export function encodeSafeTensors({ tensors, metadata }: SafeTensors): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] } satisfies Entry
    offset += values.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  // Spaces at the end of the header keep the tensors aligned to 8 bytes, as the reference writer does.
  const headerLength = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(PREFIX + headerLength + offset).fill(0x20, PREFIX, PREFIX + headerLength)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true)
  bytes.set(json, PREFIX)
  let position = PREFIX + headerLength
  for (const { values } of tensors.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position)
    position += values.byteLength
  }
  return bytes
}

/** @throws UserError INPUT where the bytes are not a whole safetensors file of float32 tensors. */
export function decodeSafeTensors(bytes: Uint8Array, source: string): SafeTensors {
  const broken = (found: string): UserError =>
    new UserError('INPUT', `${source}: expected a safetensors file of float32 tensors, found ${found}`)
  if (bytes.length < PREFIX) throw broken(`${bytes.length} bytes`)
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const start = PREFIX + headerLength
  if (start > bytes.length) throw broken(`a header of ${headerLength} bytes in a file of ${bytes.length}`)
  const { __metadata__: metadata = {}, ...entries } = parseHeader(bytes.subarray(PREFIX, start), broken)
  const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>()
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries as Record<string, Entry>)) {
    if (dtype !== 'F32') throw broken(`tensor ${name} of type ${dtype}`)
    const [from, to] = data_offsets
    const count = shape.reduce((product, dim) => product * dim, 1)
    if (to - from !== count * 4 || from < 0 || start + to > bytes.length) {
      throw broken(`tensor ${name} of shape [${shape.join(', ')}] at bytes ${from} to ${to}`)
    }
    // A copy: it is aligned, and it outlives the file's buffer. (The slice of a Node Buffer would be none.)
    const copy = new Uint8Array(bytes.subarray(start + from, start + to))
    tensors.set(name, { shape, values: new Float32Array(copy.buffer) })
  }
  return { tensors, metadata: metadata as Record<string, string> }
}

function parseHeader(bytes: Uint8Array, broken: (found: string) => UserError): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return header as Record<string, unknown>
  } catch {
    // Falls through to the one error below.
  }
  throw broken('a header that is not a JSON object')
}
