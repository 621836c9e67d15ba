/**
 * A quick decoder of small plain PNG files, as the pictures of data sets are: 8 bits a sample or fewer, not interlaced, no palette with
 * transparency, no colour profile, no rotation. sharp takes a millisecond to set up for any picture, which is nearly all of the time
 * that such a file takes. Anything else, and any file that is not wholly in order, is left to sharp, which decides what it is: the pixels
 * are sharp's own, sample for sample, or there are none.
 *
 * Source: PNG (W3C, third edition) 5 (chunks), 9 (filters), 11.2 (critical chunks), 13.12 (sample depth scaling).
 */
import { crc32, inflateSync } from 'node:zlib'
import { greyFromRgba } from './grey.js'
import type { GreyPicture } from './picture.js'

export interface PlainPicture {
  readonly width: number
  readonly height: number
  /** [height × width × 4], red, green, blue, alpha 255 where there is none. */
  readonly rgba: Uint8Array
}

/** Beyond so many pixels sharp is the quicker. */
const MOST_PIXELS = 65_536

const SIGNATURE_LENGTH = 8

/** Samples of a pixel by colour type: grey, RGB, palette's index, grey and alpha, RGBA. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** Chunks without a say in the pixels that sharp gives; a gamma or a white point it does not heed. */
const WITHOUT_EFFECT = ['tEXt', 'zTXt', 'iTXt', 'tIME', 'pHYs', 'sRGB', 'gAMA', 'cHRM']

interface Header {
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly colourType: number
}

interface Chunks {
  readonly header: Header
  readonly palette: Uint8Array | undefined
  readonly data: Uint8Array
}

/** @returns undefined where the file is not small, not plain or not in order, or has more than `maxPixels`. */
export function decodePlainPng(bytes: Uint8Array, maxPixels = MOST_PIXELS): PlainPicture | undefined {
  const samples = readSamples(bytes, maxPixels)
  if (samples === undefined) return undefined
  const { width, height } = samples.header
  const rgba = toRgba(samples)
  return rgba === undefined ? undefined : { width, height, rgba }
}

/** The same as grey: most data sets' files hold just that, and need no way round by RGBA. */
export function decodePlainGrey(bytes: Uint8Array, maxPixels = MOST_PIXELS): GreyPicture | undefined {
  const samples = readSamples(bytes, maxPixels)
  if (samples === undefined) return undefined
  const { width, height, colourType, depth } = samples.header
  if (colourType === 0 && depth === 8) return { width, height, pixels: samples.rows }
  const rgba = toRgba(samples)
  return rgba === undefined ? undefined : greyFromRgba(rgba, width, height)
}

function readSamples(bytes: Uint8Array, maxPixels: number): Samples | undefined {
  const chunks = readChunks(bytes)
  if (chunks === undefined) return undefined
  const { header, palette, data } = chunks
  const { width, height, depth, colourType } = header
  if (width * height > maxPixels) return undefined
  const bits = depth * (SAMPLES[colourType] as number)
  const rowBytes = Math.ceil((width * bits) / 8)
  const filtered = inflate(data, height * (rowBytes + 1))
  if (filtered === undefined) return undefined
  const rows = unfilter(filtered, { height, rowBytes, pixelBytes: Math.max(1, bits >> 3) })
  return rows === undefined ? undefined : { rows, header, palette, rowBytes }
}

function readChunks(bytes: Uint8Array): Chunks | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const parts: Uint8Array[] = []
  let header: Header | undefined
  let palette: Uint8Array | undefined
  for (let offset = SIGNATURE_LENGTH; offset + 12 <= bytes.length; ) {
    const length = view.getUint32(offset)
    const end = offset + 12 + length
    if (end > bytes.length) return undefined
    const type = typeAt(bytes, offset + 4)
    if (crc32(bytes.subarray(offset + 4, end - 4)) !== view.getUint32(end - 4)) return undefined
    const body = bytes.subarray(offset + 8, end - 4)
    if (type === 'IHDR' && offset === SIGNATURE_LENGTH && length === 13) {
      header = plainHeader(view, offset + 8)
      if (header === undefined) return undefined
    } else if (type === 'PLTE' && header !== undefined && palette === undefined && parts.length === 0) {
      palette = body
    } else if (type === 'IDAT' && header !== undefined) {
      parts.push(body)
    } else if (type === 'IEND') {
      if (length !== 0 || end !== bytes.length || header === undefined || parts.length === 0) return undefined
      return { header, palette, data: parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts) }
    } else if (header === undefined || !WITHOUT_EFFECT.includes(type)) {
      return undefined
    }
    offset = end
  }
  return undefined
}

function typeAt(bytes: Uint8Array, at: number): string {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [number, number, number, number]
  return String.fromCharCode(a, b, c, d)
}

function plainHeader(view: DataView, offset: number): Header | undefined {
  const width = view.getUint32(offset)
  const height = view.getUint32(offset + 4)
  const [depth, colourType, compression, filter, interlace] = [8, 9, 10, 11, 12].map((at) => view.getUint8(offset + at))
  if (depth === undefined || colourType === undefined || !(colourType in SAMPLES)) return undefined
  const packed = colourType === 0 || colourType === 3
  const plain =
    (depth === 8 || (packed && [1, 2, 4].includes(depth))) && compression === 0 && filter === 0 && interlace === 0
  const small = width > 0 && height > 0 && width * height <= MOST_PIXELS
  return plain && small ? { width, height, depth, colourType } : undefined
}

function inflate(data: Uint8Array, length: number): Uint8Array | undefined {
  try {
    // A byte more than is wanted: with none left over, zlib would ask for a second buffer to end in.
    const bytes = inflateSync(data, { maxOutputLength: length, chunkSize: Math.max(64, length + 1) })
    return bytes.length === length ? bytes : undefined
  } catch {
    return undefined
  }
}

interface Rows {
  readonly height: number
  /** Bytes of a row, without its filter's. */
  readonly rowBytes: number
  /** Bytes from a sample to the same of the pixel before; 1 where pixels are smaller. */
  readonly pixelBytes: number
}

/** @returns [height × rowBytes]; undefined for a filter that does not exist. */
function unfilter(filtered: Uint8Array, { height, rowBytes, pixelBytes }: Rows): Uint8Array | undefined {
  const rows = new Uint8Array(height * rowBytes)
  for (let row = 0; row < height; row++) {
    const source = row * (rowBytes + 1)
    const start = row * rowBytes
    const filter = filtered[source] as number
    if (filter > 4) return undefined
    rows.set(filtered.subarray(source + 1, source + 1 + rowBytes), start)
    if (filter !== 0) addPrediction(rows, { start, end: start + rowBytes, rowBytes, pixelBytes }, filter)
  }
  return rows
}

interface Row {
  readonly start: number
  readonly end: number
  readonly rowBytes: number
  readonly pixelBytes: number
}

/** In place; the array keeps the lowest 8 bits, as the format wants it. What lies before the first row or pixel is 0. */
function addPrediction(rows: Uint8Array, { start, end, rowBytes, pixelBytes }: Row, filter: number): void {
  const above = start === 0 ? undefined : start - rowBytes
  for (let at = start; at < end; at++) {
    const first = at < start + pixelBytes
    const left = first ? 0 : (rows[at - pixelBytes] as number)
    if (filter === 1) {
      rows[at] = (rows[at] as number) + left
      continue
    }
    const up = above === undefined ? 0 : (rows[at - rowBytes] as number)
    const corner = first || above === undefined ? 0 : (rows[at - rowBytes - pixelBytes] as number)
    const predicted = filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner)
    rows[at] = (rows[at] as number) + predicted
  }
}

/** Whichever neighbour is nearest to left + up - corner. */
function paeth(left: number, up: number, corner: number): number {
  const byLeft = Math.abs(up - corner)
  const byUp = Math.abs(left - corner)
  const byCorner = Math.abs(left + up - 2 * corner)
  if (byLeft <= byUp && byLeft <= byCorner) return left
  return byUp <= byCorner ? up : corner
}

interface Samples {
  readonly rows: Uint8Array
  readonly header: Header
  readonly palette: Uint8Array | undefined
  readonly rowBytes: number
}

function toRgba({ rows, header, palette, rowBytes }: Samples): Uint8Array | undefined {
  const { width, height, depth, colourType } = header
  if (colourType === 3 && (palette === undefined || palette.length % 3 !== 0)) return undefined
  // RGBA as it is.
  if (colourType === 6) return rows
  const samples = SAMPLES[colourType] as number
  const rgba = new Uint8Array(width * height * 4)
  const most = 2 ** depth - 1
  for (let pixel = 0; pixel < width * height; pixel++) {
    const row = Math.floor(pixel / width)
    const bit = (pixel % width) * depth * samples
    const at = row * rowBytes + (bit >> 3)
    const first = ((rows[at] as number) >> (8 - depth - (bit & 7))) & most
    const to = pixel * 4
    const from = colourType === 3 ? (palette as Uint8Array) : rows
    const place = colourType === 3 ? 3 * first : at
    if (place >= from.length) return undefined
    const grey = depth === 8 ? first : first * (255 / most)
    for (let channel = 0; channel < 3; channel++) {
      rgba[to + channel] = colourType === 0 || colourType === 4 ? grey : (from[place + channel] as number)
    }
    rgba[to + 3] = colourType >= 4 ? (rows[at + samples - 1] as number) : 255
  }
  return rgba
}
