/**
 * Files to grey pictures: PNG, JPEG, WebP, GIF (first frame), TIFF (first page), AVIF through sharp, BMP by `bmp.ts`, small plain PNG
 * by `plain-png.ts`.
 * Any bit depth and colour space that libvips knows; EXIF rotation applied; transparency laid on paper (`grey.ts`).
 *
 * Input is not trusted. The format is told by the first bytes, before sharp sees them; sizes are read from the header and
 * checked before a pixel is decoded; broken files give an error, never a part of a picture. SVG is refused: it is a
 * program for a renderer that reaches for files and the network.
 */
import { UserError } from 'mnist-export/errors'
import { decodeBmp, readBmpHeader } from './bmp.js'
import { FORMAT_NAMES, type PictureFormat, sniffFormat } from './formats.js'
import { greyFromRgba } from './grey.js'
import type { GreyPicture } from './picture.js'
import { decodePlainGrey } from './plain-png.js'
import { loadSharp } from './sharp.js'
import { type NamedBytes, readSource } from './source.js'

/**
 * Pixels that a picture may have unless the caller says otherwise. The largest decoder state, an interlaced 16-bit RGBA
 * PNG, takes 8 bytes a pixel: half a gigabyte.
 */
export const MAX_PIXELS = 64_000_000

/**
 * Larger pictures are made smaller while they are decoded, to this longest side in pixels: a phone's photograph then
 * costs 12 MB instead of 200, and a digit of a twentieth of its side still has 100 pixels.
 */
export const MAX_SIDE = 2048

export interface DecodeOptions {
  /** Pictures of more pixels (width × height) are refused by their header. */
  readonly maxPixels?: number
}

/**
 * Decodes a picture.
 *
 * @param source A path, or bytes with the name that messages call them by.
 * @throws UserError INPUT or UNSUPPORTED, one line that starts with the source's name.
 */
export async function decodePicture(
  source: string | NamedBytes,
  { maxPixels = MAX_PIXELS }: DecodeOptions = {},
): Promise<GreyPicture> {
  const { bytes, name } = typeof source === 'string' ? await readSource(source) : source
  const format = acceptedFormat(bytes, name)
  const plain = format === 'PNG' ? decodePlainGrey(bytes, maxPixels) : undefined
  if (plain !== undefined) return plain
  const { rgba, width, height } =
    format === 'BMP' ? decodeBmpWithin(bytes, name, maxPixels) : await decodeBySharp({ bytes, name, format, maxPixels })
  return greyFromRgba(rgba, width, height)
}

interface RgbaPicture {
  readonly width: number
  readonly height: number
  readonly rgba: Uint8Array
}

function acceptedFormat(bytes: Uint8Array, name: string): PictureFormat {
  if (bytes.length === 0) throw new UserError('INPUT', `${name}: expected a picture, found nothing: it is empty`)
  const sniffed = sniffFormat(bytes)
  if ('format' in sniffed) return sniffed.format
  if (sniffed.other === 'SVG') {
    throw new UserError(
      'UNSUPPORTED',
      `${name}: SVG is not read, because it can reach files and the network: save it as PNG`,
    )
  }
  throw new UserError('INPUT', `${name}: expected a picture (${FORMAT_NAMES}), found ${sniffed.other}`)
}

function decodeBmpWithin(bytes: Uint8Array, name: string, maxPixels: number): RgbaPicture {
  const { width, height } = readBmpHeader(bytes, name)
  checkSize({ width, height }, name, maxPixels)
  return decodeBmp(bytes, name)
}

interface SharpInput extends NamedBytes {
  readonly format: PictureFormat
  readonly maxPixels: number
}

async function decodeBySharp({ bytes, name, format, maxPixels }: SharpInput): Promise<RgbaPicture> {
  const sharp = await loadSharp()
  try {
    // Headers only: without a limit of its own, so that the message can say the size.
    const metadata = await sharp(bytes, { limitInputPixels: false }).metadata()
    checkSize(metadata, name, maxPixels)
    if (metadata.format !== SHARP_NAMES[format]) throw new Error(`libvips took ${format} for ${metadata.format}`)

    const { data, info } = await sharp(bytes, {
      limitInputPixels: maxPixels,
      failOn: 'error',
      sequentialRead: true,
      pages: 1,
    })
      .autoOrient()
      .resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    if (info.channels !== 4) throw new Error(`internal: expected 4 channels, found ${info.channels}`)
    return { rgba: data, width: info.width, height: info.height }
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError('INPUT', `${name}: a broken ${format} file (${reason(error)}): get or save it again`, {
      cause: error,
    })
  }
}

const SHARP_NAMES: Readonly<Record<PictureFormat, string>> = {
  PNG: 'png',
  JPEG: 'jpeg',
  WebP: 'webp',
  GIF: 'gif',
  TIFF: 'tiff',
  BMP: '',
  AVIF: 'heif',
}

function checkSize({ width, height }: { width: number; height: number }, name: string, maxPixels: number): void {
  if (width < 1 || height < 1) throw new UserError('INPUT', `${name}: a picture of no pixels (${width}×${height})`)
  if (width * height > maxPixels) {
    const limit = `${Math.floor(maxPixels / 1e6)} million pixels`
    throw new UserError('UNSUPPORTED', `${name}: expected at most ${limit}, found ${width}×${height}: make it smaller`)
  }
}

/** The first line of what libvips says. */
function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.trim() ?? ''
}
