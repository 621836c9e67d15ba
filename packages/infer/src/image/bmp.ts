/**
 * BMP to RGBA. The libvips that comes with sharp has no BMP loader; the decoders on npm either leave out palettes,
 * bit fields and top-down rows, or trust the header's sizes.
 *
 * Source: Microsoft, 'Bitmap Storage' (BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER,
 * BITMAPV5HEADER). Read: 1, 2, 4, 8, 16, 24 and 32 bits a pixel, palettes, bit fields with alpha, rows from the bottom or from
 * the top. Not read: run lengths (RLE4, RLE8), embedded JPEG and PNG, colour profiles.
 */
import { UserError } from 'mnist-export/errors'

export interface BmpHeader {
  readonly width: number
  readonly height: number
  readonly topDown: boolean
  readonly bitsPerPixel: number
  readonly pixelOffset: number
  /** RGBA quadruples, for up to 8 bits a pixel. */
  readonly palette: Uint8Array
  /** Red, green, blue and alpha, for 16 bits a pixel and more; an absent alpha is 0. */
  readonly masks: readonly [number, number, number, number]
}

const FILE_HEADER = 14
const BI_RGB = 0
const BI_BITFIELDS = 3
const BI_ALPHABITFIELDS = 6

/** Reads and checks the headers alone: sizes are known before anything is allocated. */
export function readBmpHeader(bytes: Uint8Array, name: string): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const headerSize = bytes.length >= FILE_HEADER + 4 ? view.getUint32(FILE_HEADER, true) : 0
  const core = headerSize === 12
  if (bytes.length < FILE_HEADER + Math.max(headerSize, core ? 12 : 40)) throw truncated(name)

  const width = core ? view.getUint16(18, true) : view.getInt32(18, true)
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true)
  const bitsPerPixel = view.getUint16(core ? 24 : 28, true)
  const compression = core ? BI_RGB : view.getUint32(30, true)
  if (width < 1 || signedHeight === 0)
    throw new UserError('INPUT', `${name}: a BMP of no pixels (${width}×${signedHeight})`)
  checkEncoding(bitsPerPixel, compression, name)

  const pixelOffset = view.getUint32(10, true)
  const fields = compression === BI_BITFIELDS || compression === BI_ALPHABITFIELDS
  return {
    width,
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    bitsPerPixel,
    pixelOffset,
    palette:
      bitsPerPixel <= 8
        ? readPalette(bytes, { headerSize, entrySize: core ? 3 : 4, bitsPerPixel, pixelOffset })
        : new Uint8Array(),
    masks: fields
      ? readMasks(view, headerSize, compression)
      : bitsPerPixel === 16
        ? [0x7c00, 0x3e0, 0x1f, 0]
        : [0xff0000, 0xff00, 0xff, 0],
  }
}

/** Decodes to RGBA, [height × width × 4], rows from the top. */
export function decodeBmp(bytes: Uint8Array, name: string): { width: number; height: number; rgba: Uint8Array } {
  const header = readBmpHeader(bytes, name)
  const { width, height, bitsPerPixel, topDown, pixelOffset } = header
  const stride = Math.ceil((width * bitsPerPixel) / 32) * 4
  // The last row needs no padding: some writers leave it out.
  if (bytes.length < pixelOffset + stride * (height - 1) + Math.ceil((width * bitsPerPixel) / 8)) throw truncated(name)

  const rgba = new Uint8Array(width * height * 4)
  const readRow = bitsPerPixel <= 8 ? paletteRow : maskedRow
  for (let y = 0; y < height; y++) {
    const source = pixelOffset + stride * (topDown ? y : height - 1 - y)
    readRow(bytes.subarray(source), header, rgba.subarray(y * width * 4, (y + 1) * width * 4))
  }
  return { width, height, rgba }
}

function paletteRow(row: Uint8Array, { width, bitsPerPixel, palette }: BmpHeader, out: Uint8Array): void {
  const mask = (1 << bitsPerPixel) - 1
  for (let x = 0; x < width; x++) {
    const bit = x * bitsPerPixel
    const index = ((row[bit >> 3] as number) >> (8 - bitsPerPixel - (bit & 7))) & mask
    // An index past the palette's end is black, as Windows paints it.
    for (let channel = 0; channel < 3; channel++) out[x * 4 + channel] = palette[index * 4 + channel] ?? 0
    out[x * 4 + 3] = 255
  }
}

function maskedRow(row: Uint8Array, { width, bitsPerPixel, masks }: BmpHeader, out: Uint8Array): void {
  const bytesPerPixel = bitsPerPixel / 8
  const fields = masks.map((mask) => ({ shift: mask === 0 ? 0 : 31 - Math.clz32(mask & -mask), mask: mask >>> 0 }))
  for (let x = 0; x < width; x++) {
    let pixel = 0
    for (let byte = bytesPerPixel - 1; byte >= 0; byte--)
      pixel = pixel * 256 + (row[x * bytesPerPixel + byte] as number)
    fields.forEach(({ mask, shift }, channel) => {
      const absent = channel === 3 ? 255 : 0
      out[x * 4 + channel] = mask === 0 ? absent : Math.round((((pixel & mask) >>> shift) / (mask >>> shift)) * 255)
    })
  }
}

function checkEncoding(bitsPerPixel: number, compression: number, name: string): void {
  if (compression === 1 || compression === 2) {
    throw new UserError('UNSUPPORTED', `${name}: a run-length coded BMP is not read: save it as PNG`)
  }
  const masked = compression === BI_BITFIELDS || compression === BI_ALPHABITFIELDS
  const known = masked ? [16, 32].includes(bitsPerPixel) : [1, 2, 4, 8, 16, 24, 32].includes(bitsPerPixel)
  if ((compression !== BI_RGB && !masked) || !known) {
    const found = `compression ${compression}, ${bitsPerPixel} bits a pixel`
    throw new UserError('UNSUPPORTED', `${name}: expected a plain BMP, found ${found}: save it as PNG`)
  }
}

/** The masks lie where a V4 header has them, which is also right behind the 40 bytes of a short one. */
function readMasks(view: DataView, headerSize: number, compression: number): [number, number, number, number] {
  const mask = (index: number) => (view.byteLength >= 58 + index * 4 ? view.getUint32(54 + index * 4, true) : 0)
  const alpha = headerSize >= 56 || compression === BI_ALPHABITFIELDS ? mask(3) : 0
  return [mask(0), mask(1), mask(2), alpha]
}

function readPalette(
  bytes: Uint8Array,
  {
    headerSize,
    entrySize,
    bitsPerPixel,
    pixelOffset,
  }: { headerSize: number; entrySize: number; bitsPerPixel: number; pixelOffset: number },
): Uint8Array {
  const start = FILE_HEADER + headerSize
  const room = Math.max(0, Math.min(pixelOffset, bytes.length) - start)
  const count = Math.min(1 << bitsPerPixel, Math.floor(room / entrySize))
  const palette = new Uint8Array(count * 4)
  for (let index = 0; index < count; index++) {
    const entry = start + index * entrySize
    // BGR -> RGBA
    palette.set([bytes[entry + 2] as number, bytes[entry + 1] as number, bytes[entry] as number, 255], index * 4)
  }
  return palette
}

function truncated(name: string): UserError {
  return new UserError('INPUT', `${name}: the BMP ends before its last pixel: it is cut off, get it again`)
}
