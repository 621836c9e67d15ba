import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { templateModel } from '../../../test/support/template-model.js'
import { generateDigits } from '../src/mnist/index.js'
import { calibrationOf } from '../src/verify/calibration.js'
import { compareProviders, type ProviderComparison } from '../src/verify/compare-providers.js'
import { htmlReport } from '../src/verify/html-report.js'
import { misreadSheet } from '../src/verify/misread-sheet.js'
import { figuresOf } from '../src/verify/report.js'
import { verificationTable } from '../src/verify/table.js'
import { verifyModel } from '../src/verify.js'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify '))
})

afterAll(() => rm(folder, { recursive: true }))

/** Rows of probabilities: each answer with its probability, the rest spread over the others. */
function rows(answers: readonly (readonly [digit: number, probability: number])[]): Float32Array {
  return Float32Array.from(
    answers.flatMap(([digit, probability]) =>
      Array.from({ length: 10 }, (_, other) => (other === digit ? probability : (1 - probability) / 9)),
    ),
  )
}

describe('figuresOf', () => {
  // Four 1s, of which one is read as 7; two 7s, of which one is read as 1.
  const labels = Uint8Array.of(1, 1, 1, 1, 7, 7)
  const figures = figuresOf(
    labels,
    rows([
      [1, 0.9],
      [7, 0.5],
      [1, 0.8],
      [1, 0.9],
      [7, 0.7],
      [1, 0.75],
    ]),
  )

  test('counts what is right, and what each digit was read as', () => {
    expect(figures).toMatchObject({ correct: 4, total: 6, accuracy: 4 / 6 })
    expect(figures.confusion[1]).toEqual([0, 3, 0, 0, 0, 0, 0, 1, 0, 0])
    expect(figures.confusion[7]).toEqual([0, 1, 0, 0, 0, 0, 0, 1, 0, 0])
  })

  test('has precision, recall, F1 and count of each digit; where there is nothing to divide, NaN', () => {
    // 1: 3 of 4 answers, 3 of 4 digits; 7: 1 of 2, 1 of 2.
    expect(figures.perClass[1]).toEqual({ digit: 1, precision: 3 / 4, recall: 3 / 4, f1: 3 / 4, support: 4 })
    expect(figures.perClass[7]).toEqual({ digit: 7, precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, support: 2 })
    expect(figures.perClass[0]).toEqual({
      digit: 0,
      precision: Number.NaN,
      recall: Number.NaN,
      f1: Number.NaN,
      support: 0,
    })
  })

  test('lists the misread, the most confident first', () => {
    expect(figures.misread.map(({ index, label, answer }) => [index, label, answer])).toEqual([
      [5, 7, 1],
      [1, 1, 7],
    ])
    expect(figures.misread[0]?.probability).toBeCloseTo(0.75, 6)
  })

  test('as a table has columns that are aligned, and no NaN', () => {
    const lines = verificationTable(figures).split('\n')
    expect(lines.slice(0, 3)).toEqual([
      'digit  precision   recall       F1  pictures',
      '    0          –        –        –         0',
      '    1    75.00 %  75.00 %  75.00 %         4',
    ])
    expect(lines.slice(12, 15)).toEqual([
      'Down: the digit; across: what it was read as.',
      '   0  1  2  3  4  5  6  7  8  9',
      '0  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·',
    ])
    expect(lines[15]).toBe('1  ·  3  ·  ·  ·  ·  ·  1  ·  ·')
  })
})

describe('verifyModel', () => {
  test('counts the same right answers whatever the batch size, and reports its progress', async () => {
    const model = join(folder, 'template.onnx')
    await writeFile(model, templateModel())
    const digits = generateDigits({ count: 300, seed: 9 })
    const done: number[] = []
    const onProgress = (count: number): number => done.push(count)
    const one = await verifyModel(model, digits, { batchSize: 128, provider: 'cpu', onProgress })
    const other = await verifyModel(model, digits, { batchSize: 7, provider: 'cpu' })
    expect(done).toEqual([128, 256, 300])
    expect(other.confusion).toEqual(one.confusion)
    // Means of ten classes are a weak model, but far from the 30 that guessing gets.
    expect(one.correct).toBeGreaterThan(180)
    expect(one.correct + one.misread.length).toBe(300)
  })
})

describe('misreadSheet', () => {
  test('shows each misread digit at twice its size, white on black, on a white sheet', () => {
    const { images, labels, count } = generateDigits({ count: 10, seed: 2 })
    const misread = [3, 6].map((index) => ({ index, label: labels[index] as number, answer: 0, probability: 1 }))
    const sheet = misreadSheet(misread, { images, labels, count })
    const ink = (pixels: Uint8Array): number => pixels.reduce((sum, value) => sum + value, 0)
    // Two columns of 56 pixels with gaps of 6; the digits' pixels fourfold, and the rest white but for the labels' dark squares.
    expect(sheet.width).toBe(2 * 62 + 6)
    const place = (x: number, y: number): number => sheet.pixels[y * sheet.width + x] as number
    const block = (x0: number): number => {
      let sum = 0
      for (let y = 19; y < 19 + 56; y++) for (let x = x0; x < x0 + 56; x++) sum += place(x, y)
      return sum
    }
    expect(block(6)).toBe(4 * ink(images.subarray(3 * 784, 4 * 784)))
    expect(block(68)).toBe(4 * ink(images.subarray(6 * 784, 7 * 784)))
    expect(place(0, 0)).toBe(255)
  })

  test('is a blank sheet where nothing was misread', () => {
    const sheet = misreadSheet([], generateDigits({ count: 10, seed: 2 }))
    expect(sheet.pixels.every((value) => value === 255)).toBe(true)
  })
})

describe('calibrationOf', () => {
  test('is perfect where confidence is what it says', () => {
    // Four answers at 75 %, three of them right.
    const certain = rows([
      [1, 0.75],
      [1, 0.75],
      [1, 0.75],
      [1, 0.75],
    ])
    const { bins, expectedError, largestError } = calibrationOf(Uint8Array.of(1, 1, 1, 2), certain)
    expect(expectedError).toBe(0)
    expect(largestError).toBe(0)
    // 0.75 · 15 = 11.25: the bin from 11/15 to 12/15.
    expect(bins[11]).toEqual({ from: 11 / 15, to: 12 / 15, count: 4, confidence: 0.75, accuracy: 0.75 })
    expect(bins.filter(({ count }) => count > 0)).toHaveLength(1)
  })

  test('weighs each bin’s distance by its answers', () => {
    // Three at 100 %, one of them wrong: distance 1/3. One at 50 %, right: distance 1/2. (3 · 1/3 + 1 · 1/2) / 4 = 3/8.
    const probabilities = rows([
      [0, 1],
      [0, 1],
      [0, 1],
      [5, 0.5],
    ])
    const { expectedError, largestError } = calibrationOf(Uint8Array.of(0, 0, 9, 5), probabilities)
    expect(expectedError).toBeCloseTo(3 / 8, 12)
    expect(largestError).toBe(0.5)
  })
})

describe('compareProviders and htmlReport', () => {
  test('set other providers beside the first, say which are missing, and lead nowhere outside of the page', async () => {
    const model = join(folder, '<script>alert(1)</script>.onnx'.replaceAll('/', '∕'))
    await writeFile(model, templateModel({ metadata: { 'mnist.network': 'a "template" & <more>' } }))
    const digits = generateDigits({ count: 100, seed: 6 })
    const verification = await verifyModel(model, digits, { provider: 'cpu' })
    const except = 'cpu'
    const reference = verification.probabilities.slice()
    // One answer of the reference is another one: the comparison must see it.
    reference.copyWithin(0, 10, 20)
    const changed = digits.labels[0] === digits.labels[1] ? 0 : 1
    const providers = await compareProviders(model, digits, { reference, except })
    expect(providers.map(({ provider }) => provider)).toEqual(['cuda', 'webgpu', 'wasm'])
    const wasm = providers[2] as ProviderComparison
    expect(wasm).toMatchObject({ missing: undefined })
    expect(wasm.changedAnswers).toBeLessThanOrEqual(1)
    if (changed === 1) expect(wasm.largestDifference).toBeGreaterThan(0.01)
    const html = await htmlReport({ verification, digits, data: 'drawn digits', providers })
    expect(html).not.toMatch(/<script|https?:|src="(?!data:)/)
    expect(html).toContain('a &quot;template&quot; &amp; &lt;more&gt; on drawn digits')
    expect(html.match(/<figure /g)?.length ?? 0).toBe(verification.misread.length)
  })
})
