/**
 * The misread digits as one picture, the most confident mistake first: each digit, above it what it is and what it was read as. The
 * few signs are drawn by hand, so that the sheet needs no font on the machine.
 */
import type { GreyPicture } from '../image/picture.js'
import { DIGIT_PIXELS, DIGIT_SIZE, type Digits } from '../mnist/digits.js'
import type { Misread } from './report.js'

/** Digits at twice their size, a line of text above, a gap around. */
const SCALE = 2
const GAP = 6
const TEXT_SCALE = 2
const GLYPH = { width: 3, height: 5 } as const
const CELL = {
  width: DIGIT_SIZE * SCALE + GAP,
  height: DIGIT_SIZE * SCALE + GLYPH.height * TEXT_SCALE + 2 * GAP,
} as const

/** Pictures on a sheet: more than any useful model misreads of 10,000. */
const MOST = 1000

/** 3×5 pixels a sign, rows from the top, # is ink. */
const GLYPHS: Readonly<Record<string, string>> = {
  0: '### #.# #.# #.# ###',
  1: '.#. ##. .#. .#. ###',
  2: '### ..# ### #.. ###',
  3: '### ..# .## ..# ###',
  4: '#.# #.# ### ..# ..#',
  5: '### #.. ### ..# ###',
  6: '### #.. ### #.# ###',
  7: '### ..# ..# .#. .#.',
  8: '### #.# ### #.# ###',
  9: '### #.# ### ..# ###',
  '>': '#.. .#. ..# .#. #..',
}

/** The sheet: white, the digits white on black. With nothing misread, a blank one. */
export function misreadSheet(misread: readonly Misread[], { images }: Digits): GreyPicture {
  const shown = misread.slice(0, MOST)
  const columns = Math.max(1, Math.ceil(Math.sqrt(shown.length)))
  const rows = Math.max(1, Math.ceil(shown.length / columns))
  const sheet = blank(columns * CELL.width + GAP, rows * CELL.height + GAP)
  for (const [place, { index, label, answer }] of shown.entries()) {
    const x = GAP + (place % columns) * CELL.width
    const y = GAP + Math.floor(place / columns) * CELL.height
    drawText(sheet, `${label}>${answer}`, { x, y })
    const digit = images.subarray(index * DIGIT_PIXELS, (index + 1) * DIGIT_PIXELS)
    drawDigit(sheet, digit, { x, y: y + GLYPH.height * TEXT_SCALE + GAP / 2 })
  }
  return sheet
}

function blank(width: number, height: number): GreyPicture {
  return { width, height, pixels: new Uint8Array(width * height).fill(255) }
}

interface Place {
  readonly x: number
  readonly y: number
}

function drawText(sheet: GreyPicture, text: string, { x, y }: Place): void {
  for (const [place, sign] of [...text].entries()) {
    const rows = (GLYPHS[sign] as string).split(' ')
    for (const [row, pixels] of rows.entries()) {
      for (const [column, pixel] of [...pixels].entries()) {
        if (pixel !== '#') continue
        const left = x + (place * (GLYPH.width + 1) + column) * TEXT_SCALE
        fillSquare(sheet, { x: left, y: y + row * TEXT_SCALE }, { side: TEXT_SCALE, value: 0 })
      }
    }
  }
}

function drawDigit(sheet: GreyPicture, digit: Uint8Array, { x, y }: Place): void {
  for (const [index, value] of digit.entries()) {
    const place = { x: x + (index % DIGIT_SIZE) * SCALE, y: y + Math.floor(index / DIGIT_SIZE) * SCALE }
    fillSquare(sheet, place, { side: SCALE, value })
  }
}

function fillSquare(
  { width, pixels }: GreyPicture,
  { x, y }: Place,
  { side, value }: { side: number; value: number },
): void {
  for (let row = y; row < y + side; row++) pixels.fill(value, row * width + x, row * width + x + side)
}
