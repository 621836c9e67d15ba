/** Pictures of whatever kind a page has → RGBA bytes. */
import { ProblemError } from '../problem.js'
import type { RgbaPicture } from './protocol.js'

export type PictureSource = Blob | ImageData | HTMLCanvasElement | HTMLImageElement | ImageBitmap | OffscreenCanvas

/** Longest side, in pixels: framing works at less. */
const MOST_SIDE = 768

/** @throws ProblemError `picture-unreadable` where it is no picture that the browser knows. */
export async function readPicture(source: PictureSource): Promise<RgbaPicture> {
  if (source instanceof ImageData) return { width: source.width, height: source.height, rgba: source.data.slice() }
  const bitmap = await decode(source)
  try {
    const scale = Math.min(1, MOST_SIDE / Math.max(bitmap.width, bitmap.height))
    const width = Math.max(1, Math.round(bitmap.width * scale))
    const height = Math.max(1, Math.round(bitmap.height * scale))
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d', { willReadFrequently: true })
    if (context === null)
      throw new ProblemError('picture-unreadable', 'The picture: expected a canvas to read it, found none.')
    context.imageSmoothingQuality = 'high'
    context.drawImage(bitmap, 0, 0, width, height)
    return { width, height, rgba: context.getImageData(0, 0, width, height).data }
  } finally {
    bitmap.close()
  }
}

async function decode(source: Exclude<PictureSource, ImageData>): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(
      source instanceof Blob && source.type === 'image/svg+xml' ? await drawn(source) : source,
    )
  } catch (cause) {
    const name = source instanceof File ? source.name : 'The picture'
    const kind = source instanceof Blob && source.type !== '' ? ` (${source.type})` : ''
    const message = `${name}: expected a picture that this browser shows, found another kind of file${kind}.`
    throw new ProblemError('picture-unreadable', message, { cause })
  }
}

/** Browsers make bitmaps of an SVG only by way of an image element, in which it can run no script and load nothing. */
async function drawn(svg: Blob): Promise<HTMLImageElement> {
  const image = new Image()
  image.src = URL.createObjectURL(svg)
  try {
    await image.decode()
    return image
  } finally {
    URL.revokeObjectURL(image.src)
  }
}
