import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CLASSES, DIGIT_PIXELS, DIGIT_SIZE, type Digits } from '../../src/mnist/digits.js'
import { generateDigits } from '../../src/mnist/generate/generate-digits.js'

const thousand = generateDigits({ count: 1000, seed: 0 })

function checksum({ images, labels }: Digits): string {
  return createHash('sha256').update(images).update(labels).digest('hex')
}

function pictures({ images, count }: Digits): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => images.subarray(index * DIGIT_PIXELS, (index + 1) * DIGIT_PIXELS))
}

interface Frame {
  readonly width: number
  readonly height: number
  readonly centre: readonly [x: number, y: number]
}

/** The box of all ink and its centre of mass, in pixel numbers. */
function frameOf(picture: Uint8Array): Frame {
  const [columns, rows] = [new Set<number>(), new Set<number>()]
  let [mass, sumX, sumY] = [0, 0, 0]
  for (const [index, ink] of picture.entries()) {
    const [x, y] = [index % DIGIT_SIZE, Math.floor(index / DIGIT_SIZE)]
    if (ink > 0) columns.add(x) && rows.add(y)
    mass += ink
    sumX += ink * x
    sumY += ink * y
  }
  const extent = (places: Set<number>): number => Math.max(...places) - Math.min(...places) + 1
  return { width: extent(columns), height: extent(rows), centre: [sumX / mass, sumY / mass] }
}

describe('generated digits', () => {
  test('are the same for the same seed, and others for another', () => {
    expect(checksum(generateDigits({ count: 1000, seed: 0 }))).toBe(checksum(thousand))
    expect(checksum(generateDigits({ count: 1000, seed: 1 }))).not.toBe(checksum(thousand))
  })

  test('are the same however many follow', () => {
    const few = generateDigits({ count: 100, seed: 0 })
    expect(Buffer.compare(few.images, thousand.images.subarray(0, few.images.length))).toBe(0)
    expect(few.labels).toEqual(thousand.labels.subarray(0, 100))
  })

  test('have every class as often as any other, at any length, in no order', () => {
    for (const count of [10, 250, 1000]) {
      const counts = new Uint32Array(CLASSES)
      for (const label of thousand.labels.subarray(0, count)) counts[label] = (counts[label] as number) + 1
      expect([...counts]).toEqual(Array(CLASSES).fill(count / CLASSES))
    }
    expect([...thousand.labels.subarray(0, 10)]).not.toEqual([...thousand.labels.subarray(10, 20)])
  })

  test('are framed as MNIST is: 20 pixels at the longer side, the centre of mass at pixel (14, 14)', () => {
    for (const picture of pictures(thousand)) {
      const { width, height, centre } = frameOf(picture)
      expect(Math.max(width, height)).toBeLessThanOrEqual(20)
      expect(Math.max(width, height)).toBeGreaterThanOrEqual(18)
      // Rounding of the ink to bytes moves the centre by less than a hundredth.
      for (const place of centre) expect(Math.abs(place - 14)).toBeLessThan(0.51)
    }
  })

  test('have as much ink as MNIST, whose mean is 0.1307 and deviation 0.3081', () => {
    const values = thousand.images
    const mean = values.reduce((sum, value) => sum + value / 255, 0) / values.length
    const square = values.reduce((sum, value) => sum + (value / 255) ** 2, 0) / values.length
    expect(mean).toBeGreaterThan(0.115)
    expect(mean).toBeLessThan(0.145)
    expect(Math.sqrt(square - mean ** 2)).toBeGreaterThan(0.28)
    expect(Math.sqrt(square - mean ** 2)).toBeLessThan(0.335)
  })

  test('of the training and the test seed have no picture in common, nor any twice', () => {
    const seen = new Set<string>()
    for (const seed of [1, 2]) {
      for (const picture of pictures(generateDigits({ count: 3000, seed })))
        seen.add(Buffer.from(picture).toString('latin1'))
    }
    expect(seen.size).toBe(6000)
  })

  test.each([0, -1, 1.5, Number.NaN])('can not be %d in number', (count) => {
    expect(() => generateDigits({ count, seed: 0 })).toThrow(/^count of digits: expected a whole number from 1, found/)
  })
})
