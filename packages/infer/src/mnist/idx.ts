/**
 * Reader and writer of IDX files (the format of "The MNIST database", Y. LeCun, C. Cortes, C. Burges, section "FILE
 * FORMATS"): two zero bytes, the element type, the number of dimensions, each dimension as a big-endian uint32, then the
 * elements. Plain or in gzip. Element type ubyte (0x08) only: MNIST and its relatives have no other.
 */
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { UserError } from 'mnist-export'

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

/**
 * Reads the IDX file at `path`, in gzip or not (its first bytes tell, not its name). Everything that the header says is
 * checked against the file's size before memory is taken for it. Throws a UserError that names the file.
 */
export async function readIdx(path: string): Promise<IdxArray> {
  await using file = await open(path)
  const { size, isFile } = await file.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }))
  if (!isFile) throw new UserError('INPUT', `${path}: expected an IDX file, found something that is not a file`)
  return parse({ path, size, chunks: file.createReadStream({ autoClose: false }) })
}

/** Like `readIdx`, from bytes in memory; `name` stands for them in errors. */
export function decodeIdx(bytes: Uint8Array, name: string): Promise<IdxArray> {
  return parse({ path: name, size: bytes.length, chunks: Readable.from([bytes]) })
}

/** The plain IDX file of an array. */
export function encodeIdx({ shape, data }: IdxArray): Uint8Array {
  const header = 4 + 4 * shape.length
  if (shape.length > 255 || shape.some((length) => length > 0xffff_ffff) || product(shape) !== data.length) {
    throw new Error(`internal: encodeIdx: ${data.length} elements don't have shape [${shape}]`)
  }
  const bytes = new Uint8Array(header + data.length)
  const view = new DataView(bytes.buffer)
  bytes[2] = UBYTE
  bytes[3] = shape.length
  for (const [index, length] of shape.entries()) view.setUint32(4 + 4 * index, length)
  bytes.set(data, header)
  return bytes
}
