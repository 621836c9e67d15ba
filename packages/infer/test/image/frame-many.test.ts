import { describe, expect, test } from 'vitest'
import { decodePicture } from '../../src/image/decode.js'
import { frameDigit, frameDigits } from '../../src/image/frame.js'
import type { Box, GreyPicture } from '../../src/image/picture.js'
import { inReadingOrder } from '../../src/image/reading-order.js'
import { renderSvg } from '../../src/image/render.js'
import { drawGrey, likeness, strokesOf } from './drawn-digits.js'

/** A sign is 80 pixels high, the next 70 to its right; what is no digit is SVG of its own. */
async function drawRows(
  rows: readonly string[],
  { paper = '#f2efe6', ink = '#222', extra = '' } = {},
): Promise<GreyPicture> {
  const width = 80 + 70 * Math.max(...rows.map((row) => row.length))
  const height = 60 + 110 * rows.length
  const marks = rows.flatMap((row, y) =>
    [...row].map((sign, x) => {
      const [left, top] = [40 + 70 * x, 40 + 110 * y + 5 * Math.sin(3 * x)]
      if (sign === '.') return `<circle cx="${left + 30}" cy="${top + 78}" r="5" fill="${ink}"/>`
      if (sign === ',') return `<path d="M${left + 34} ${top + 72} l-6 16" stroke="${ink}" stroke-width="6"/>`
      if (sign === '-') return `<path d="M${left + 8} ${top + 40} h44" stroke="${ink}" stroke-width="8"/>`
      return `<path transform="translate(${left} ${top}) scale(0.8)" d="${strokesOf(Number(sign))}" fill="none" stroke="${ink}" stroke-width="9" stroke-linecap="round" stroke-linejoin="round"/>`
    }),
  )
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${paper}"/>${extra}${marks.join('')}</svg>`
  return decodePicture({ name: 'drawing', bytes: await renderSvg(svg, { scale: 1 }) })
}

describe('frameDigits', () => {
  const cases: readonly (readonly [string, readonly string[], object])[] = [
    ['a house number', ['42'], {}],
    ['a house number, white on blue', ['1370'], { paper: '#1c3f7a', ink: '#fff' }],
    ['a cheque’s amount, with its commas and points', ['12,345.67', '-980.50'], {}],
    ['a long number', ['9081726354'], {}],
    ['one digit', ['8'], {}],
    [
      'a plate with a frame',
      ['305'],
      { extra: '<rect x="8" y="8" width="95%" height="90%" fill="none" stroke="#222" stroke-width="4"/>' },
    ],
  ]
  test.each(cases)('finds each digit of %s, in the order of reading, as it is alone', async (_, rows, options) => {
    const { rows: found, reason } = frameDigits(await drawRows(rows, options))
    expect(reason).toBeUndefined()
    const digits = rows.map((row) => row.replace(/\D/g, ''))
    expect(found.map((row) => row.length)).toEqual(digits.map((row) => row.length))
    for (const [y, row] of digits.entries()) {
      for (const [x, sign] of [...row].entries()) {
        const alone = frameDigit(await drawGrey({ digit: Number(sign) }))
        const framed = found[y]?.[x]
        expect(
          likeness((framed as { digit: GreyPicture }).digit, alone.digit as GreyPicture),
          `${y} ${x}`,
        ).toBeGreaterThan(0.8)
      }
    }
  })

  test('says where each digit is, and draws it where that is asked', async () => {
    const { rows, steps } = frameDigits(await drawRows(['17', '3']), { explain: true })
    const boxes = rows.flat().map(({ box }) => box)
    const centres = [
      [80, 80],
      [150, 80],
      [80, 190],
    ] as const
    for (const [index, [x, y]] of centres.entries()) {
      const box = boxes[index] as Box
      expect(Math.abs(box.x + box.width / 2 - x)).toBeLessThan(12)
      expect(Math.abs(box.y + box.height / 2 - y)).toBeLessThan(12)
    }
    expect(steps.map(({ name }) => name).slice(-4)).toEqual(['digits', 'framed 1', 'framed 2', 'framed 3'])
  })

  test('finds none in a blank picture, and says so', () => {
    const blank = { width: 200, height: 100, pixels: new Uint8Array(20_000).fill(250) }
    expect(frameDigits(blank)).toEqual({ rows: [], reason: 'it is blank', steps: [] })
  })
})

test('rows are read from the top and each from the left, also where they climb', () => {
  const box = (x: number, y: number) => ({ box: { x, y, width: 10, height: 20 } })
  const items = [box(40, 42), box(0, 50), box(20, 46), box(0, 0), box(60, 38), box(20, 3)]
  expect(inReadingOrder(items).map((row) => row.map(({ box }) => box.x))).toEqual([
    [0, 20],
    [0, 20, 40, 60],
  ])
})
