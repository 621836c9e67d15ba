/**
 * Writes one protobuf message as a list of pieces, so that the bytes of a tensor are copied once only, into the file, however deep
 * the message lies that holds them.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { DeferredBytes } from './deferred-tensor.js'

export type Piece = Uint8Array | DeferredBytes

/** A finished message: its bytes in pieces, some of which are views of tensors, or are made when they are written. */
export interface Pieces {
  readonly pieces: readonly Piece[]
  readonly length: number
}

/** Each method writes one field, its number first. Empty strings are left out, as protobuf's default is. */
export class MessageWriter {
  readonly #writer = new BinaryWriter()
  readonly #pieces: Piece[] = []
  #length = 0

  int(field: number, value: number | bigint): this {
    this.#writer.tag(field, WireType.Varint).int64(value)
    return this
  }

  ints(field: number, values: readonly (number | bigint)[]): this {
    for (const value of values) this.int(field, value)
    return this
  }

  float(field: number, value: number): this {
    // Numbers beyond float32 become infinite, as a cast makes them; the library would throw.
    this.#writer.tag(field, WireType.Bit32).float(Math.fround(value))
    return this
  }

  floats(field: number, values: readonly number[]): this {
    for (const value of values) this.float(field, value)
    return this
  }

  string(field: number, value: string): this {
    return value === '' ? this : this.strings(field, [value])
  }

  /** All of `values`, the empty ones too. */
  strings(field: number, values: readonly string[]): this {
    for (const value of values) this.#writer.tag(field, WireType.LengthDelimited).string(value)
    return this
  }

  /** The bytes are kept as they are until the file is put together. */
  bytes(field: number, value: Piece): this {
    return this.message(field, { pieces: [value], length: value.byteLength })
  }

  message(field: number, { pieces, length }: Pieces): this {
    this.#writer.tag(field, WireType.LengthDelimited).uint32(length)
    this.#flush()
    for (const piece of pieces) this.#pieces.push(piece)
    this.#length += length
    return this
  }

  finish(): Pieces {
    this.#flush()
    return { pieces: this.#pieces, length: this.#length }
  }

  #flush(): void {
    const written = this.#writer.finish()
    if (written.byteLength === 0) return
    this.#pieces.push(written)
    this.#length += written.byteLength
  }
}

/** The pieces in one buffer of exactly their length. */
export function joined({ pieces, length }: Pieces): Uint8Array {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) bytes.set(piece, offset)
    else piece.fill(bytes.subarray(offset, offset + piece.byteLength))
    offset += piece.byteLength
  }
  return bytes
}
