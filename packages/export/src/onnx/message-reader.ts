/**
 * Reads one protobuf message field by field, from bytes that nobody vouches for: every length is compared with what is there
 * before anything is made of it, and a budget limits how many fields a file may have in all.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/**
 * What a file may have: far beyond any model (the largest have some 100,000 nodes), and few enough to be refused within a second.
 * A field costs 1, a message 2, a node 20, about as they take time and memory.
 */
const MAX_COST = 5_000_000

/** Graphs within attributes of graphs within …: Loop and If nest a few deep. */
const MAX_DEPTH = 32

/** What a whole file may still use. One is shared by all messages of a file. */
export class DecodeBudget {
  #cost = 0

  spend(cost: number): void {
    this.#cost += cost
    if (this.#cost > MAX_COST) throw new Error('more nodes and values than any model has')
  }

  /** `depth`: how many graphs a graph lies within. */
  checkDepth(depth: number): void {
    if (depth > MAX_DEPTH) throw new Error(`graphs nested more than ${MAX_DEPTH} deep`)
  }
}

/** `while (message.next()) switch (message.field) …`: each field is to be read by one of the methods, or skipped. */
export class MessageReader {
  readonly budget: DecodeBudget
  readonly #reader: BinaryReader
  #field = 0
  #wireType = WireType.Varint

  constructor(bytes: Uint8Array, budget: DecodeBudget) {
    this.#reader = new BinaryReader(bytes)
    this.budget = budget
  }

  /** Number of the field at hand. */
  get field(): number {
    return this.#field
  }

  /** Goes on to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#reader.pos >= this.#reader.len) return false
    this.budget.spend(1)
    const [field, wireType] = this.#reader.tag()
    this.#field = field
    this.#wireType = wireType
    return true
  }

  skip(): void {
    this.#reader.skip(this.#wireType, this.#field)
  }

  /** An int64; beyond ±2^53 a bigint. */
  int(): number | bigint {
    this.#expect(WireType.Varint)
    return narrowed(this.#reader.int64())
  }

  /** An int64 within ±2^53. */
  safeInt(): number {
    const value = this.int()
    if (typeof value === 'bigint') throw new Error(`field ${this.#field}: ${value} is beyond ±2^53`)
    return value
  }

  /** One int64 of a repeated field, or all of them where they are packed, added to `values`. */
  ints(values: (number | bigint)[]): void {
    if (this.#wireType !== WireType.LengthDelimited) {
      values.push(this.int())
      return
    }
    const packed = new BinaryReader(this.#reader.bytes())
    while (packed.pos < packed.len) {
      this.budget.spend(1)
      values.push(narrowed(packed.int64()))
    }
  }

  float(): number {
    this.#expect(WireType.Bit32)
    return this.#reader.float()
  }

  /** One float of a repeated field, or all of them where they are packed, added to `values`. */
  floats(values: number[]): void {
    if (this.#wireType !== WireType.LengthDelimited) {
      values.push(this.float())
      return
    }
    const packed = new BinaryReader(this.#reader.bytes())
    while (packed.pos < packed.len) {
      this.budget.spend(1)
      values.push(packed.float())
    }
  }

  /** Text; bytes that are no UTF-8 are refused. */
  string(): string {
    this.#expect(WireType.LengthDelimited)
    return this.#reader.string(true)
  }

  /** A view of the bytes: nothing is copied. */
  bytes(): Uint8Array {
    this.#expect(WireType.LengthDelimited)
    return this.#reader.bytes()
  }

  /** The elements of a repeated field of numbers, unread: a view of them packed, or of one. */
  packed(elementType: WireType): Uint8Array {
    if (this.#wireType === WireType.LengthDelimited) return this.#reader.bytes()
    this.#expect(elementType)
    return this.#reader.skip(elementType)
  }

  /** `cost`: of the message, to the file's budget. */
  message(cost = 2): MessageReader {
    this.budget.spend(cost)
    return new MessageReader(this.bytes(), this.budget)
  }

  #expect(wireType: WireType): void {
    if (this.#wireType !== wireType) {
      throw new Error(`field ${this.#field}: expected wire type ${wireType}, found ${this.#wireType}`)
    }
  }
}

function narrowed(value: bigint | string): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : BigInt(value)
}
