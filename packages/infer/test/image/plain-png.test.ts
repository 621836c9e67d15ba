import { crc32, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { greyFromRgba } from '../../src/image/grey.js'
import { decodePlainGrey, decodePlainPng } from '../../src/image/plain-png.js'

/** A file of any content within the format, and of any bytes in its rows. */
interface Png {
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly colourType: number
  readonly interlace: number
  /** One for each row, 0 to 4. */
  readonly filters: readonly number[]
  readonly bytes: Uint8Array
  readonly extra: readonly (readonly [string, Uint8Array])[]
  /** Where the compressed data is cut into chunks, 0…1. */
  readonly cut: number
}

const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** Every pair that the format allows (11.2.1). */
const KINDS = [
  ...[1, 2, 4, 8, 16].map((depth) => ({ colourType: 0, depth })),
  ...[1, 2, 4, 8].map((depth) => ({ colourType: 3, depth })),
  ...[2, 4, 6].flatMap((colourType) => [8, 16].map((depth) => ({ colourType, depth }))),
]

function chunk(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length)
  head.write(type, 4, 'latin1')
  const tail = Buffer.alloc(4)
  tail.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), body])))
  return Buffer.concat([head, body, tail])
}

function encode({ width, height, depth, colourType, interlace, filters, bytes, extra, cut }: Png): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header.set([depth, colourType, 0, 0, interlace], 8)
  const rows: Buffer[] = []
  let used = 0
  for (const [columns, count] of passes(width, height, interlace)) {
    const rowBytes = Math.ceil((columns * depth * (SAMPLES[colourType] as number)) / 8)
    for (let row = 0; row < count && columns > 0; row++) {
      const content = Buffer.from(Array.from({ length: rowBytes }, () => bytes[used++ % bytes.length] as number))
      rows.push(Buffer.from([filters[rows.length % filters.length] as number]), content)
    }
  }
  const data = deflateSync(Buffer.concat(rows))
  const at = Math.floor(cut * data.length)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...extra.map(([type, body]) => chunk(type, body)),
    ...(colourType === 3
      ? [chunk('PLTE', Buffer.from(Array.from({ length: 768 }, (_, i) => (i * 37) % 256)).subarray(0, 3 * 2 ** depth))]
      : []),
    chunk('IDAT', data.subarray(0, at)),
    chunk('IDAT', data.subarray(at)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Columns and rows of each pass of Adam7 (8.2), or of the one pass without it. */
function passes(width: number, height: number, interlace: number): (readonly [number, number])[] {
  if (interlace === 0) return [[width, height]]
  const starts = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ]
  return starts.map(([x, y, dx, dy]) => [
    Math.ceil((width - (x as number)) / (dx as number)),
    Math.ceil((height - (y as number)) / (dy as number)),
  ])
}

function gamma(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const EXTRAS = [
  ['gAMA', gamma(100_000)],
  ['gAMA', gamma(45_455)],
  ['sBIT', Buffer.from([3])],
  ['sRGB', Buffer.from([0])],
  ['pHYs', Buffer.from([0, 0, 1, 0, 0, 0, 1, 0, 0])],
  ['tEXt', Buffer.from('Title\0digit')],
  ['tRNS', Buffer.from([0, 7])],
] as const

const pngs = fc.record({
  width: fc.integer({ min: 1, max: 33 }),
  height: fc.integer({ min: 1, max: 9 }),
  kind: fc.constantFrom(...KINDS),
  interlace: fc.constantFrom(0, 0, 0, 1),
  filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 9 }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  extra: fc.subarray([...EXTRAS], { maxLength: 2 }),
  cut: fc.double({ min: 0, max: 1, noNaN: true }),
})

/** As `decodePicture` asks it. */
async function bySharp(file: Uint8Array) {
  const { data, info } = await sharp(file, { failOn: 'error', sequentialRead: true, pages: 1 })
    .autoOrient()
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, rgba: new Uint8Array(data) }
}

describe('a small plain PNG', () => {
  test('has the pixels that sharp gives, whatever its colour type, depth, filters and interlace', async () => {
    let plain = 0
    await fc.assert(
      fc.asyncProperty(pngs, async ({ kind, extra, ...rest }) => {
        // A key colour and the significant bits have a length of their own for each colour type: as written here, grey's.
        const fitting = extra.filter(([type]) => (type !== 'tRNS' && type !== 'sBIT') || kind.colourType === 0)
        const file = encode({ ...rest, ...kind, extra: fitting })
        const found = decodePlainPng(file)
        if (found === undefined) return
        plain++
        expect(found).toEqual(await bySharp(file))
        expect(decodePlainGrey(file)).toEqual(greyFromRgba(found.rgba, found.width, found.height))
      }),
      { numRuns: 600 },
    )
    expect(plain).toBeGreaterThan(250)
  })

  test.each(KINDS.filter(({ depth }) => depth <= 8))(
    'of colour type $colourType and depth $depth needs no sharp',
    (kind) => {
      const png = {
        width: 28,
        height: 28,
        interlace: 0,
        filters: [0, 1, 2, 3, 4],
        bytes: Buffer.from([3, 200, 77]),
        extra: [],
        cut: 0.3,
      }
      expect(decodePlainPng(encode({ ...png, ...kind }))?.rgba.length).toBe(28 * 28 * 4)
    },
  )

  test('that is changed in any one byte is left to sharp, or is the same picture still', () => {
    const png = {
      width: 5,
      height: 4,
      interlace: 0,
      filters: [0, 4],
      bytes: Buffer.from([9, 1, 250]),
      extra: [],
      cut: 1,
    }
    const file = encode({ ...png, colourType: 0, depth: 8 })
    const pixels = decodePlainPng(file)
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const broken = Buffer.from(file)
        broken[at] = (broken[at] as number) ^ change
        // The signature is the caller's to check.
        expect(decodePlainPng(broken)).toEqual(at < 8 ? pixels : undefined)
      }),
    )
  })

  test('that is cut short, or says more pixels than it has, is left to sharp', () => {
    const png = { width: 5, height: 4, interlace: 0, filters: [0], bytes: Buffer.from([9]), extra: [], cut: 1 }
    const file = encode({ ...png, colourType: 0, depth: 8 })
    for (let length = 8; length < file.length; length++)
      expect(decodePlainPng(file.subarray(0, length))).toBeUndefined()
    const huge = Buffer.from(file)
    huge.writeUInt32BE(2 ** 31 - 1, 16)
    expect(decodePlainPng(huge)).toBeUndefined()
  })
})
