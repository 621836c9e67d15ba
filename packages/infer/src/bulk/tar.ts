/**
 * The pictures in a tar file, plain or in gzip, as a stream. Source: POSIX.1-2017, pax, 'ustar Interchange Format' and 'pax Header
 * Block'; GNU tar's long names (type L). Read: regular files. Passed over: links, devices, folders, sparse files' maps.
 */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { UserError } from 'mnist-export/errors'
import { PICTURE_NAME } from '../cli/expand-sources.js'
import { type Entry, unreadable } from './entry.js'

const BLOCK = 512

/** As for a picture's own file. */
const LARGEST_PICTURE = 256 * 2 ** 20

/** Headers of a pax archive that say more about the next file. */
const LARGEST_HEADER = 2 ** 20

/** Every picture, its name behind the archive's. What is wrong with the archive is the last entry. */
export async function* readTar(archive: string): AsyncGenerator<Entry> {
  try {
    yield* readEntries(archive, new ByteReader(bytesOf(archive)))
  } catch (error) {
    yield unreadable(archive, archiveError(archive, error))
  }
}

async function* bytesOf(archive: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(archive, { highWaterMark: 2 ** 18 })
  // pipeline() hands an error of the file on to the stream that is read here.
  const stream = /gz$/i.test(archive) ? pipeline(file, createGunzip(), () => {}) : file
  try {
    yield* stream as AsyncIterable<Uint8Array>
  } finally {
    file.destroy()
    stream.destroy()
  }
}

async function* readEntries(archive: string, reader: ByteReader): AsyncGenerator<Entry> {
  let longName: string | undefined
  let longSize: number | undefined
  for (;;) {
    const header = await reader.take(BLOCK)
    // Two blocks of zeros end an archive; some writers leave them out.
    if (header === undefined || header.every((byte) => byte === 0)) return
    if (!isHeader(header))
      throw new UserError('INPUT', `${archive}: expected a tar header, found other bytes: it is damaged`)
    const type = String.fromCharCode(header[156] as number)
    const size = longSize ?? sizeOf(header)
    const padded = Math.ceil(size / BLOCK) * BLOCK
    if (type === 'x' || type === 'L') {
      if (size > LARGEST_HEADER)
        throw new UserError('INPUT', `${archive}: expected a header of at most 1 MiB, found ${size}`)
      const text = (await reader.whole(padded)).subarray(0, size).toString('utf8')
      if (type === 'L') longName = text.replace(/\0.*$/s, '')
      else {
        const records = paxRecords(text)
        longName = records.get('path') ?? longName
        longSize = records.has('size') ? Number(records.get('size')) : undefined
      }
      continue
    }
    const name = longName ?? nameOf(header)
    longName = undefined
    longSize = undefined
    const isFile = type === '0' || type === '\0' || type === '7'
    const shown = `${archive}/${name}`
    if (!isFile || !PICTURE_NAME.test(name)) await reader.skip(padded)
    else if (size > LARGEST_PICTURE) {
      await reader.skip(padded)
      yield unreadable(
        shown,
        new UserError('UNSUPPORTED', `${shown}: expected a picture of at most 256 MiB, found more`),
      )
    } else yield { name: shown, bytes: (await reader.whole(padded)).subarray(0, size) }
  }
}

/** The sum of the header's bytes, with its own field as spaces. */
function isHeader(header: Buffer): boolean {
  let sum = 0
  for (let index = 0; index < BLOCK; index++) sum += index >= 148 && index < 156 ? 32 : (header[index] as number)
  return sum === octal(header, 148, 8)
}

/** Octal digits; or, as GNU tar does it for large files, a binary number whose first bit is set. */
function sizeOf(header: Buffer): number {
  const first = header[124] as number
  return (first & 0x80) === 0 ? octal(header, 124, 12) : Number(header.readBigUInt64BE(128))
}

function octal(header: Buffer, start: number, length: number): number {
  const digits = header
    .toString('latin1', start, start + length)
    .replace(/[\0 ]+$/, '')
    .trim()
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function nameOf(header: Buffer): string {
  const field = (start: number, length: number): string =>
    header.toString('utf8', start, start + length).replace(/\0.*$/s, '')
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? field(345, 155) : ''
  return prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`
}

/** `<length> <key>=<value>\n`, the length counting all of the record in bytes. */
function paxRecords(text: string): Map<string, string> {
  const records = new Map<string, string>()
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    const length = Number.parseInt(rest.toString('latin1', 0, 12), 10)
    if (!(length > 0 && length <= rest.length)) break
    const record = rest.subarray(0, length).toString('utf8')
    const [, key, value] = /^\d+ ([^=]+)=(.*)\n$/s.exec(record) ?? []
    if (key !== undefined && value !== undefined) records.set(key, value)
    rest = rest.subarray(length)
  }
  return records
}

/** Whole runs of bytes from chunks of any size. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #held: Uint8Array[] = []
  #length = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next `count` bytes; undefined where there are none at all. */
  async take(count: number): Promise<Buffer | undefined> {
    if (!(await this.#fill(1))) return undefined
    return this.whole(count)
  }

  /** @throws UserError INPUT where there are fewer. */
  async whole(count: number): Promise<Buffer> {
    if (!(await this.#fill(count))) throw new UserError('INPUT', 'it ends in the middle of a file')
    const all = this.#held.length === 1 ? (this.#held[0] as Uint8Array) : Buffer.concat(this.#held)
    this.#held = all.length > count ? [all.subarray(count)] : []
    this.#length -= count
    // A copy: a view would hold the whole chunk.
    return Buffer.from(all.subarray(0, count))
  }

  /** Leaves `count` bytes out, without holding them. */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const part = Math.min(left, 2 ** 18)
      await this.whole(part)
      left -= part
    }
  }

  async #fill(count: number): Promise<boolean> {
    while (this.#length < count) {
      const { value, done } = await this.#chunks.next()
      if (done) return false
      this.#held.push(value)
      this.#length += value.length
    }
    return true
  }
}

function archiveError(archive: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException
  const known = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'expected a tar file, found a folder' : message
  if (error instanceof UserError && message.startsWith(archive)) return error
  return new UserError('INPUT', `${archive}: ${known}`, { cause: error })
}
