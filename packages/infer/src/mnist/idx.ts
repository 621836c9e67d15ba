/**
 * Reader and writer of IDX files (the format of "The MNIST database", Y. LeCun, C. Cortes, C. Burges, section "FILE
 * FORMATS"): two zero bytes, the element type, the number of dimensions, each dimension as a big-endian uint32, then the
 * elements. Plain or in gzip. Element type ubyte (0x08) only: MNIST and its relatives have no other.
 */
import { open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { UserError } from 'mnist-export/errors'

/** An array of bytes of any rank; `data` is row-major and as long as the product of `shape`. */
export interface IdxArray {
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

/** Element types of the format, by their code; `ubyte` is the one that is read. */
const ELEMENT_TYPES: Readonly<Record<number, string>> = {
  8: 'ubyte',
  9: 'byte',
  11: 'short',
  12: 'int',
  13: 'float',
  14: 'double',
}
const UBYTE = 0x08

/** No data set of this kind is larger; a header that says so is damaged or hostile. */
const MAX_ELEMENTS = 2 ** 30

/** Deflate can't do better than 258 bytes for two bits (RFC 1951, 3.2.5): 1032 to 1. */
const MAX_DEFLATE_RATIO = 1032

const REMEDY = 'it is damaged or cut short, get it again'

/**
 * Reads the IDX file at `path`, in gzip or not (its first bytes tell, not its name). Everything that the header says is
 * checked against the file's size before memory is taken for it.
 * @throws UserError INPUT that names the file, for anything that is not one whole IDX array of bytes
 */
export async function readIdx(path: string): Promise<IdxArray> {
  await using file = await open(path)
  const found = await file.stat()
  if (!found.isFile()) {
    throw invalid(path, 'an IDX file', found.isDirectory() ? 'a folder' : 'a device or pipe', 'name a file')
  }
  const start = Buffer.alloc(2)
  await file.read(start, 0, 2, 0)
  // Awaited here: the file is closed when this function ends.
  return await parse({
    name: path,
    size: found.size,
    start,
    chunks: file.createReadStream({ start: 0, autoClose: false }),
  })
}

/** Like `readIdx`, from bytes in memory; `name` stands for them in errors. */
export function decodeIdx(bytes: Uint8Array, name: string): Promise<IdxArray> {
  return parse({ name, size: bytes.length, start: bytes, chunks: Readable.from([bytes]) })
}

/** The plain IDX file of an array. */
export function encodeIdx({ shape, data }: IdxArray): Uint8Array {
  const bytes = new Uint8Array(headerLength(shape) + data.length)
  bytes.set(encodeIdxHeader({ shape, data }))
  bytes.set(data, headerLength(shape))
  return bytes
}

/** The first bytes of `encodeIdx`, before the elements. */
export function encodeIdxHeader({ shape, data }: IdxArray): Uint8Array {
  if (shape.length > 255 || shape.some((length) => length > 0xffff_ffff) || product(shape) !== data.length) {
    throw new Error(`internal: encodeIdx: ${data.length} elements don't have shape [${shape}]`)
  }
  const bytes = new Uint8Array(headerLength(shape))
  const view = new DataView(bytes.buffer)
  bytes[2] = UBYTE
  bytes[3] = shape.length
  for (const [index, length] of shape.entries()) view.setUint32(4 + 4 * index, length)
  return bytes
}

interface Source {
  /** What errors call it by. */
  readonly name: string
  /** Bytes of the whole, packed where it is packed. */
  readonly size: number
  /** At least the first two bytes, where there are two. */
  readonly start: Uint8Array
  /** All bytes, from the first one. */
  readonly chunks: Readable
}

/** An array whose header is known and whose elements are coming in. */
interface Body extends IdxArray {
  filled: number
}

async function parse(source: Source): Promise<IdxArray> {
  const { name, size, start, chunks } = source
  const packed = start[0] === 0x1f && start[1] === 0x8b
  // pipeline() hands an error of the file on to the stream that is read here; its own report of it adds nothing.
  const stream = packed ? pipeline(chunks, createGunzip(), () => {}) : chunks
  let head: Uint8Array = new Uint8Array(0)
  let body: Body | undefined
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      if (body === undefined) {
        head = Buffer.concat([head, chunk])
        body = begin(head, source, packed)
      } else append(body, chunk, name)
    }
  } catch (cause) {
    if (!String((cause as NodeJS.ErrnoException).code).startsWith('Z_')) throw cause
    throw new UserError('INPUT', `${name}: expected whole gzip data, found ${(cause as Error).message}: ${REMEDY}`, {
      cause,
    })
  } finally {
    chunks.destroy()
    stream.destroy()
  }
  if (body === undefined) {
    throw invalid(name, 'an IDX header', size === 0 ? 'an empty file' : `${head.length} bytes`, REMEDY)
  }
  const { shape, data, filled } = body
  if (filled < data.length) {
    throw invalid(name, `${data.length} elements of [${shape.join(', ')}]`, `${filled}`, REMEDY)
  }
  return { shape, data }
}

/** The array that `head` announces, filled with what comes after the header; undefined while the header isn't whole. */
function begin(head: Uint8Array, { name, size }: Source, packed: boolean): Body | undefined {
  const shape = headerShape(head, name)
  if (shape === undefined) return undefined
  const count = product(shape)
  const announced = `${count} elements of [${shape.join(', ')}]`
  if (count > MAX_ELEMENTS) throw invalid(name, `at most ${MAX_ELEMENTS} elements`, announced, REMEDY)
  const room = packed ? size * MAX_DEFLATE_RATIO : size - headerLength(shape)
  if (count > room) {
    throw invalid(name, `${announced} as its header says`, `room for ${Math.max(0, room)} at most`, REMEDY)
  }
  if (!packed && count < room) throw trailing(name, announced)
  const body: Body = { shape, data: new Uint8Array(count), filled: 0 }
  append(body, head.subarray(headerLength(shape)), name)
  return body
}

/** What is longer than its header says is refused at the first byte too many: nothing is unpacked for nothing. */
function append(body: Body, chunk: Uint8Array, name: string): void {
  const { shape, data, filled } = body
  if (filled + chunk.length > data.length) throw trailing(name, `${data.length} elements of [${shape.join(', ')}]`)
  data.set(chunk, filled)
  body.filled += chunk.length
}

/** The dimensions in the header, or undefined while `head` is shorter than it. */
function headerShape(head: Uint8Array, name: string): number[] | undefined {
  const [first, second, type, rank] = head
  if (type === undefined || rank === undefined) return undefined
  if (first !== 0 || second !== 0) {
    const magic = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    throw invalid(name, 'an IDX file (first bytes 00 00 08)', `first bytes ${magic}`, 'name an IDX file')
  }
  if (type !== UBYTE) {
    const found = ELEMENT_TYPES[type] ?? `unknown type 0x${type.toString(16).padStart(2, '0')}`
    throw invalid(name, 'elements of type ubyte (0x08)', found, 'convert it, pictures and labels are bytes')
  }
  if (rank === 0) throw invalid(name, 'one dimension or more', 'none', REMEDY)
  if (head.length < 4 + 4 * rank) return undefined
  const view = new DataView(head.buffer, head.byteOffset)
  return Array.from({ length: rank }, (_, index) => view.getUint32(4 + 4 * index))
}

function headerLength(shape: readonly number[]): number {
  return 4 + 4 * shape.length
}

function product(shape: readonly number[]): number {
  return shape.reduce((count, length) => count * length, 1)
}

function trailing(name: string, announced: string): UserError {
  return invalid(name, `${announced} and no more`, 'bytes after them', REMEDY)
}

function invalid(name: string, expected: string, found: string, remedy: string): UserError {
  return new UserError('INPUT', `${name}: expected ${expected}, found ${found}: ${remedy}`)
}
