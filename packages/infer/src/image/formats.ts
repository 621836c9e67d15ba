/**
 * Which kind of file the first bytes tell: decided by us, before any decoder sees them, so that no name, media type or
 * sniffing inside a decoder can lead the bytes to a loader that we did not choose.
 *
 * Sources: PNG (W3C, third edition) 5.2; JPEG ITU-T T.81 B.1.1.3; WebP container RFC 9649 section 2.3; GIF89a
 * section 17; TIFF 6.0 section 2 and BigTIFF; BMP [MS-WMF] 2.2.2.2; AVIF 1.1 section 4 on ISO/IEC 14496-12 4.3.
 */

/** The formats that we read. */
export type PictureFormat = 'PNG' | 'JPEG' | 'WebP' | 'GIF' | 'TIFF' | 'BMP' | 'AVIF'

/** What the first bytes are: a format that we read, or the name of something else and why it is refused. */
export type Sniffed = { readonly format: PictureFormat } | { readonly other: string }

export const FORMAT_NAMES = 'PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF'

/** How far into a text an `<svg` is looked for: after an XML declaration, a doctype and a licence comment. */
const TEXT_PREFIX = 4096

/** Files that people give by mistake, by their first bytes as Latin-1 text. */
const OTHERS: readonly (readonly [string, string])[] = [
  ['%PDF-', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive'],
  ['\x1f\x8b', 'gzip data'],
  ['8BPS', 'a Photoshop document'],
  ['\xff\x0a', 'a JPEG XL picture'],
  ['\x00\x00\x00\x0cJXL ', 'a JPEG XL picture'],
  ['\x00\x00\x00\x0cjP  ', 'a JPEG 2000 picture'],
  ['\x00\x00\x01\x00', 'a Windows icon'],
  ['\x7fELF', 'a program'],
]

/** Recognises a file by its first bytes; pass at least 4 KiB of it, or all of it. */
export function sniffFormat(bytes: Uint8Array): Sniffed {
  const start = latin1(bytes.subarray(0, 32))
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return { format: 'PNG' }
  if (start.startsWith('\xff\xd8\xff')) return { format: 'JPEG' }
  if (start.startsWith('RIFF') && start.startsWith('WEBP', 8)) return { format: 'WebP' }
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return { format: 'GIF' }
  if (/^(?:II[*+]\0|MM\0[*+])/.test(start)) return { format: 'TIFF' }
  if (isBmp(bytes)) return { format: 'BMP' }
  if (start.startsWith('ftyp', 4)) return sniffBrand(bytes)
  for (const [magic, name] of OTHERS) if (start.startsWith(magic)) return { other: name }
  return sniffText(bytes)
}

/** 'BM' alone starts many a text: the second header's size must be one that exists. */
function isBmp(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x42 || bytes[1] !== 0x4d || bytes.length < 18) return false
  const headerSize = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(14, true)
  return [12, 40, 52, 56, 64, 108, 124].includes(headerSize)
}

/** ISO media files: the major brand and the compatible brands of the `ftyp` box. */
function sniffBrand(bytes: Uint8Array): Sniffed {
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0)
  const brands = latin1(bytes.subarray(8, Math.min(size, 256))).match(/.{4}/gs) ?? []
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return { format: 'AVIF' }
  if (brands.some((brand) => /^(?:hei|hev|mif1)/.test(brand))) return { other: 'a HEIC picture' }
  return { other: 'a film or sound file' }
}

function sniffText(bytes: Uint8Array): Sniffed {
  const text = latin1(bytes.subarray(0, TEXT_PREFIX))
  // UTF-16 text holds a zero in every other byte.
  const letters = text.replace(/\0/g, '')
  if (/<svg[\s>:]/i.test(letters)) return { other: 'SVG' }
  if (/<!doctype html|<html[\s>]/i.test(letters)) return { other: 'an HTML page' }
  // Control characters other than tab, line feed, form feed, carriage return and escape are no text.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!/[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]/.test(text)) return { other: 'text' }
  return { other: 'data of an unknown format' }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
