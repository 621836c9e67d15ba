/** Digits drawn with strokes, on any paper, in any light: pictures whose digit, place and polarity are known. */
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { decodePicture } from '../../src/image/decode.js'
import type { GreyPicture } from '../../src/image/picture.js'
import { renderSvg } from '../../src/image/render.js'

const STROKES: Record<string, readonly string[]> = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/strokes.json', import.meta.url), 'utf8'),
)

/** A digit's strokes, an SVG path in a box of 100. */
export function strokesOf(digit: number, variant = 0): string {
  return STROKES[digit]?.[variant] as string
}

export interface Drawing {
  readonly digit: number
  readonly variant?: number
  readonly width?: number
  readonly height?: number
  /** Height of the digit, in pixels. */
  readonly size?: number
  /** Centre of the digit. */
  readonly x?: number
  readonly y?: number
  /** Of 100 pixels' height. */
  readonly thickness?: number
  readonly paper?: string
  readonly ink?: string
  /** SVG under and over the digit. */
  readonly under?: string
  readonly over?: string
  /** JPEG quality; PNG by default. */
  readonly jpeg?: number
}

/** The encoded picture. */
export async function draw(drawing: Drawing): Promise<Uint8Array> {
  const { digit, variant = 0, width = 200, height = 200, size = 130, x = width / 2, y = height / 2 } = drawing
  const { thickness = 9, paper = '#fff', ink = '#111', under = '', over = '', jpeg } = drawing
  const path = strokesOf(digit, variant)
  const place = `translate(${x} ${y}) scale(${size / 100}) translate(-50 -50)`
  const stroke = `fill="none" stroke="${ink}" stroke-width="${thickness}" stroke-linecap="round" stroke-linejoin="round"`
  const ground = paper === 'none' ? '' : `<rect width="100%" height="100%" fill="${paper}"/>`
  const png = await renderSvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${ground}${under}<path transform="${place}" d="${path}" ${stroke}/>${over}</svg>`,
    { scale: 1 },
  )
  return jpeg === undefined ? png : sharp(png).flatten().jpeg({ quality: jpeg }).toBuffer()
}

export async function drawGrey(drawing: Drawing): Promise<GreyPicture> {
  return decodePicture({ name: 'drawing', bytes: await draw(drawing) })
}

/**
 * How much two pictures of one size have in common: the greatest cosine between them over shifts of up to one pixel, since a
 * centre of mass near half a pixel may be rounded either way; 1 for the same up to brightness.
 */
export function likeness(a: GreyPicture, b: GreyPicture): number {
  const shifts = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => dy * a.width + dx))
  return Math.max(...shifts.map((shift) => cosine(a.pixels, b.pixels, shift)))
}

function cosine(a: Uint8Array, b: Uint8Array, shift: number): number {
  let [product, squaresA, squaresB] = [0, 0, 0]
  for (const [index, value] of a.entries()) {
    const other = b[index + shift] ?? 0
    product += value * other
    squaresA += value * value
    squaresB += other * other
  }
  return product / Math.sqrt(squaresA * squaresB)
}
