import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodePicture } from '../../src/image/decode.js'
import { frameDigit } from '../../src/image/frame.js'
import type { GreyPicture } from '../../src/image/picture.js'
import { encodePng } from '../../src/image/render.js'
import { createRandom, generateDigits, readIdx } from '../../src/mnist/index.js'
import { type Drawing, drawGrey, likeness } from './drawn-digits.js'

const inverse = (picture: GreyPicture): GreyPicture => ({
  ...picture,
  pixels: picture.pixels.map((value) => 255 - value),
})

function pictureAt(images: Uint8Array, index: number): GreyPicture {
  return { width: 28, height: 28, pixels: images.subarray(index * 784, (index + 1) * 784) }
}

describe('a picture in MNIST’s framing', () => {
  test('comes out byte for byte, white on black or black on white, also through a PNG file', async () => {
    const { images, count } = generateDigits({ count: 100, seed: 5 })
    for (let index = 0; index < count; index++) {
      const picture = pictureAt(images, index)
      expect(frameDigit(picture).digit?.pixels, `digit ${index}`).toEqual(picture.pixels)
      expect(frameDigit(inverse(picture)).digit?.pixels, `digit ${index}, inverse`).toEqual(picture.pixels)
    }
    const png = await decodePicture({ name: 'digit', bytes: await encodePng(pictureAt(images, 0)) })
    expect(frameDigit(png).digit?.pixels).toEqual(images.subarray(0, 784))
  })

  test.runIf(process.env.MNIST_DIR)(
    'MNIST’s own 10,000 test pictures come out byte for byte (needs MNIST_DIR)',
    async () => {
      const { data, shape } = await readIdx(join(process.env.MNIST_DIR as string, 't10k-images-idx3-ubyte.gz'))
      let changed = 0
      for (let index = 0; index < (shape[0] as number); index++) {
        const picture = pictureAt(data, index)
        for (const given of [picture, inverse(picture)]) {
          const { digit } = frameDigit(given)
          if (digit === null || Buffer.compare(digit.pixels, picture.pixels) !== 0) changed++
        }
      }
      expect(changed).toBe(0)
    },
  )
})

const LIGHT = `<defs><linearGradient id="l" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-opacity="0"/><stop offset="1" stop-opacity="0.6"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#l)"/>`
const SHADOW = '<path d="M0 0 H110 L70 200 H0 Z" fill="#000" opacity="0.35"/>'
const lines = (gap: number, colour: string, tilt = 0): string =>
  Array.from(
    { length: 12 },
    (_, i) => `<path d="M0 ${gap * (i + 0.5)} L200 ${gap * (i + 0.5) + tilt}" stroke="${colour}" stroke-width="1.5"/>`,
  ).join('')
const FRAME = '<rect x="6" y="6" width="188" height="188" fill="none" stroke="#111" stroke-width="3"/>'
const TABLE = '<path fill-rule="evenodd" d="M0 0H200V200H0Z M14 14V186H186V14Z" fill="#40302a"/>'
const SPECKS = Array.from(
  { length: 30 },
  (_, i) => `<circle cx="${(i * 67) % 200}" cy="${(i * 131) % 200}" r="1.2" fill="#222"/>`,
).join('')

/** What lies around the digit must not change it: the same strokes on clean paper are the oracle. */
const SCENES: readonly (readonly [string, Partial<Drawing>, 'dark-on-light' | 'light-on-dark'])[] = [
  ['dark on white', {}, 'dark-on-light'],
  ['white on black', { paper: '#000', ink: '#fff' }, 'light-on-dark'],
  ['grey on grey', { paper: '#b8b8b8', ink: '#808080' }, 'dark-on-light'],
  ['red on yellow', { paper: '#ffe27a', ink: '#b3123f' }, 'dark-on-light'],
  ['black ink on nothing', { paper: 'none', ink: '#000' }, 'dark-on-light'],
  ['white ink on nothing', { paper: 'none', ink: '#fff' }, 'light-on-dark'],
  ['light that falls off', { over: LIGHT }, 'dark-on-light'],
  ['the edge of a shadow', { over: SHADOW }, 'dark-on-light'],
  ['lined paper', { under: lines(24, '#8fb3d9') }, 'dark-on-light'],
  ['tilted lines', { under: lines(24, '#8fb3d9', 6) }, 'dark-on-light'],
  ['a frame', { under: FRAME }, 'dark-on-light'],
  ['a dark table around the paper', { under: TABLE }, 'dark-on-light'],
  ['specks', { under: SPECKS }, 'dark-on-light'],
  ['a bad JPEG', { jpeg: 20 }, 'dark-on-light'],
  ['chalk on a board, unevenly lit', { paper: '#2c4038', ink: '#e8e8e0', over: LIGHT }, 'light-on-dark'],
  ['far from the middle', { width: 400, height: 300, x: 310, y: 100 }, 'dark-on-light'],
  ['small', { width: 40, height: 40, size: 26 }, 'dark-on-light'],
  ['large', { width: 1600, height: 1600, size: 1000 }, 'dark-on-light'],
]

describe('frameDigit', () => {
  test.each(SCENES)('finds the digit and the polarity: %s', async (_, scene, polarity) => {
    for (const digit of [2, 4, 5, 8]) {
      const clean = frameDigit(await drawGrey({ digit }))
      const framed = frameDigit(await drawGrey({ digit, ...scene }))
      if (clean.digit === null || framed.digit === null) throw new Error(`${digit}: expected a digit, found none`)
      expect(framed.polarity, `${digit}`).toBe(polarity)
      expect(likeness(framed.digit, clean.digit), `${digit}`).toBeGreaterThan(0.9)
    }
  })

  test.each([1.5, 4, 9, 20])(
    'gives strokes %f % of the digit’s height thick a thickness that MNIST has',
    async (thickness) => {
      const { digit } = frameDigit(await drawGrey({ digit: 3, size: 150, thickness }))
      const ink = (digit as GreyPicture).pixels.reduce((sum, value) => sum + value / 255, 0)
      // MNIST's test pictures of a 3 have the ink of 55 to 200 full pixels (1st and 99th percentile: 56 and 196).
      expect(ink).toBeGreaterThan(55)
      expect(ink).toBeLessThan(200)
    },
  )

  test('scales the longer side to 20 pixels and puts the centre of mass in the middle', async () => {
    for (const digit of [1, 4, 7]) {
      const { pixels } = frameDigit(await drawGrey({ digit, x: 70, y: 80, size: 90 })).digit as GreyPicture
      const inked = [...pixels.entries()].filter(([, value]) => value > 0)
      const rows = inked.map(([index]) => Math.floor(index / 28))
      expect(Math.max(...rows) - Math.min(...rows) + 1).toBe(20)
      const sum = inked.reduce((total, [, value]) => total + value, 0)
      const x = inked.reduce((total, [index, value]) => total + value * (index % 28), 0) / sum
      const y = inked.reduce((total, [index, value]) => total + value * Math.floor(index / 28), 0) / sum
      expect(Math.abs(x - 14)).toBeLessThan(0.51)
      expect(Math.abs(y - 14)).toBeLessThan(0.51)
    }
  })

  test('keeps a 5’s bar that does not touch the rest', async () => {
    const whole = frameDigit(await drawGrey({ digit: 5, variant: 1, thickness: 6 }))
    const gap = '<path d="M72 40 L76 64" stroke="#fff" stroke-width="9"/>'
    const parted = frameDigit(await drawGrey({ digit: 5, variant: 1, thickness: 6, over: gap }))
    expect(likeness(parted.digit as GreyPicture, whole.digit as GreyPicture)).toBeGreaterThan(0.85)
  })

  test('says where the digit is, in the pixels of the picture that was given', async () => {
    const framed = frameDigit(await drawGrey({ digit: 0, width: 900, height: 600, x: 600, y: 200, size: 300 }))
    if (framed.digit === null) throw new Error('expected a digit, found none')
    // The path spans 20…80 by 4…96 of its box of 100, and its stroke is 9 thick.
    const expected = { x: 600 - 1.05 * 100, y: 200 - 1.5 * 100, width: 2.07 * 100, height: 3.03 * 100 }
    for (const side of ['x', 'y', 'width', 'height'] as const) {
      expect(Math.abs(framed.box[side] - expected[side]), side).toBeLessThan(10)
    }
  })

  test('obeys a polarity that it is told', async () => {
    const picture = await drawGrey({ digit: 0, thickness: 14 })
    expect(frameDigit(picture, { invert: 'yes' })).toMatchObject({ polarity: 'dark-on-light' })
    const hole = frameDigit(picture, { invert: 'no' })
    // The only light thing that is not paper is what the ring shuts in.
    if (hole.digit !== null) expect(hole).toMatchObject({ polarity: 'light-on-dark' })
  })

  test('keeps the pictures between the steps only where it is asked', async () => {
    const picture = await drawGrey({ digit: 6 })
    expect(frameDigit(picture).steps).toEqual([])
    expect(frameDigit(picture, { explain: true }).steps.map(({ name }) => name)).toEqual([
      'picture',
      'working size',
      'light',
      'ink, dark-on-light',
      'thresholded',
      'digit',
      'framed',
    ])
  })
})

describe('no digit', () => {
  const random = createRandom(3, 'noise')
  const filled = (width: number, height: number, value: (x: number, y: number) => number): GreyPicture => ({
    width,
    height,
    pixels: Uint8Array.from({ length: width * height }, (_, index) => value(index % width, Math.floor(index / width))),
  })
  const cases: readonly (readonly [string, GreyPicture])[] = [
    ['white', filled(100, 100, () => 255)],
    ['black', filled(28, 28, () => 0)],
    ['grey', filled(300, 200, () => 128)],
    ['a single pixel', filled(1, 1, () => 77)],
    ['a row of one', filled(50, 1, () => 77)],
    ['a ramp of light', filled(200, 200, (x, y) => 60 + (x + y) / 4)],
    ['paper with a camera’s noise', filled(200, 200, () => 225 + 12 * (random() - 0.5))],
    ['white noise', filled(200, 200, () => 256 * random())],
    ['white noise of 28×28', filled(28, 28, () => 256 * random())],
  ]
  test.each(cases)('in a picture of nothing but %s', (_, picture) => {
    const { digit, ...rest } = frameDigit(picture)
    expect(digit === null).toBe(true)
    expect(rest).toMatchObject({ reason: expect.stringMatching(/^it /) })
  })
})
