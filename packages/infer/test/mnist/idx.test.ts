import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeIdx, encodeIdx, readIdx } from '../../src/mnist/idx.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'idx files '))
})
afterAll(() => rm(folder, { recursive: true }))

/** The header of the format by hand: two zeros, type, rank, dimensions. */
function header(type: number, ...shape: number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * shape.length)
  bytes[2] = type
  bytes[3] = shape.length
  for (const [index, length] of shape.entries()) bytes.writeUInt32BE(length, 4 + 4 * index)
  return bytes
}

const SMALL = Buffer.concat([header(8, 2, 3), Buffer.from([1, 2, 3, 4, 5, 6])])
const REMEDY = 'it is damaged or cut short, get it again'

describe('an IDX file', () => {
  test('holds its dimensions in big-endian order, then its elements', async () => {
    expect(Buffer.from(encodeIdx({ shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }))).toEqual(SMALL)
    expect(await decodeIdx(SMALL, 'small')).toEqual({ shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) })
  })

  test('comes back as it was written, packed or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.nat(255),
        async (shape, packed, seed) => {
          const count = shape.reduce((product, length) => product * length, 1)
          const array = { shape, data: Uint8Array.from({ length: count }, (_, index) => (index * 31 + seed) % 256) }
          const bytes = encodeIdx(array)
          expect(await decodeIdx(packed ? gzipSync(bytes) : bytes, 'any')).toEqual(array)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('is unpacked by its first bytes, not by its name', async () => {
    const [packed, plain] = [join(folder, 'packed'), join(folder, 'plain.gz')]
    await writeFile(packed, gzipSync(SMALL))
    await writeFile(plain, SMALL)
    expect((await readIdx(packed)).shape).toEqual([2, 3])
    expect((await readIdx(plain)).shape).toEqual([2, 3])
  })

  test('larger than one piece of the disk is read whole', async () => {
    const data = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251)
    const path = join(folder, 'large')
    await writeFile(path, encodeIdx({ shape: [300, 1000], data }))
    expect(Buffer.compare((await readIdx(path)).data, data)).toBe(0)
  })

  test.each<[string, Uint8Array, string | RegExp]>([
    ['that is empty', Buffer.alloc(0), `expected an IDX header, found an empty file: ${REMEDY}`],
    ['of two bytes', Buffer.from([0, 0]), `expected an IDX header, found 2 bytes: ${REMEDY}`],
    ['cut in its header', SMALL.subarray(0, 9), `expected an IDX header, found 9 bytes: ${REMEDY}`],
    [
      'with another magic number',
      Buffer.from('P5 28 28'),
      'expected an IDX file (first bytes 00 00 08), found first bytes 50 35 20 32: name an IDX file',
    ],
    [
      'of floats',
      Buffer.concat([header(13, 1), Buffer.alloc(4)]),
      'expected elements of type ubyte (0x08), found float: convert it, pictures and labels are bytes',
    ],
    [
      'of a type that there is not',
      header(7, 0),
      'expected elements of type ubyte (0x08), found unknown type 0x07: convert it, pictures and labels are bytes',
    ],
    ['without dimensions', header(8), `expected one dimension or more, found none: ${REMEDY}`],
    [
      'that is short',
      SMALL.subarray(0, 15),
      `expected 6 elements of [2, 3] as its header says, found room for 3 at most: ${REMEDY}`,
    ],
    [
      'with bytes after its end',
      Buffer.concat([SMALL, Buffer.from([7])]),
      `expected 6 elements of [2, 3] and no more, found bytes after them: ${REMEDY}`,
    ],
    [
      'whose header announces more than any data set has',
      header(8, 0xffff_ffff, 28, 28),
      `expected at most 1073741824 elements, found 3367254359280 elements of [4294967295, 28, 28]: ${REMEDY}`,
    ],
    [
      'whose header announces a gigabyte that is not there',
      header(8, 1_000_000, 28, 28),
      `expected 784000000 elements of [1000000, 28, 28] as its header says, found room for 0 at most: ${REMEDY}`,
    ],
    [
      'in gzip whose header announces more than gzip can pack',
      gzipSync(header(8, 1_000_000, 28, 28)),
      /^any: expected 784000000 elements of \[1000000, 28, 28\] as its header says, found room for \d+ at most: /,
    ],
    ['in gzip that is short', gzipSync(SMALL.subarray(0, 15)), `expected 6 elements of [2, 3], found 3: ${REMEDY}`],
    [
      'in gzip with bytes after its end',
      gzipSync(Buffer.concat([SMALL, Buffer.from([7])])),
      `expected 6 elements of [2, 3] and no more, found bytes after them: ${REMEDY}`,
    ],
    [
      'in gzip that is cut',
      gzipSync(SMALL).subarray(0, 24),
      `expected whole gzip data, found unexpected end of file: ${REMEDY}`,
    ],
    [
      'in gzip whose checksum is wrong',
      Buffer.concat([gzipSync(SMALL).subarray(0, -8), Buffer.alloc(8)]),
      `expected whole gzip data, found incorrect data check: ${REMEDY}`,
    ],
  ])('%s is refused in one line', async (_, bytes, message) => {
    await expect(decodeIdx(bytes, 'any')).rejects.toMatchObject({
      code: 'INPUT',
      message: typeof message === 'string' ? `any: ${message}` : expect.stringMatching(message),
    })
    const path = join(folder, 'any')
    await writeFile(path, bytes)
    await expect(readIdx(path)).rejects.toMatchObject({ code: 'INPUT' })
  })

  test('that would unpack to far more than it says is left at the first byte too many', async () => {
    const bomb = gzipSync(Buffer.concat([header(8, 10), Buffer.alloc(2 ** 25)]))
    const before = process.memoryUsage().arrayBuffers
    await expect(decodeIdx(bomb, 'bomb')).rejects.toThrow('bomb: expected 10 elements of [10] and no more')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 23)
  })

  test('that is a folder is refused, one that is missing is named', async () => {
    await expect(readIdx(folder)).rejects.toThrow(`${folder}: expected an IDX file, found a folder: name a file`)
    await expect(readIdx(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('is not written from a shape that its elements do not have', () => {
    expect(() => encodeIdx({ shape: [2, 2], data: new Uint8Array(5) })).toThrow(
      "internal: encodeIdx: 5 elements don't have shape [2,2]",
    )
  })
})
