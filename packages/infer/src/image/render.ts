/** Pictures of ours as PNG files: SVG text that we wrote, and grey pixels. */
import type { GreyPicture } from './picture.js'
import { loadSharp } from './sharp.js'

/**
 * Renders SVG to PNG bytes. For SVG that we made only: the renderer follows references to files, so text from elsewhere
 * must never come here (`decodePicture` refuses it).
 *
 * @param svg The text of an SVG document.
 * @param options.scale Pixels for each CSS pixel; 2 keeps text sharp on today's screens.
 */
export async function renderSvg(svg: string, { scale = 2 }: { scale?: number } = {}): Promise<Uint8Array> {
  const sharp = await loadSharp()
  sharp.unblock({ operation: ['VipsForeignLoadSvg'] })
  return sharp(Buffer.from(svg), { density: 72 * scale })
    .png({ compressionLevel: 9 })
    .toBuffer()
}

/** Encodes a grey picture as an 8-bit grey PNG. */
export async function encodePng({ pixels, width, height }: GreyPicture): Promise<Uint8Array> {
  const sharp = await loadSharp()
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 9 })
    .toBuffer()
}
