import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TemplateOptions, templateModel } from '../../../test/support/template-model.js'
import { type Classifier, createClassifier, softmaxRows } from '../src/classify.js'
import { generateDigits } from '../src/mnist/index.js'
import { drawGrey } from './image/drawn-digits.js'

let folder: string
const open: Classifier[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'classify '))
})

afterAll(async () => {
  for (const classifier of open) await classifier.close()
  await rm(folder, { recursive: true })
})

async function classifierOf(name: string, options?: TemplateOptions): Promise<Classifier> {
  const path = join(folder, name)
  await writeFile(path, templateModel(options))
  const classifier = await createClassifier({ model: path, provider: 'cpu' })
  open.push(classifier)
  return classifier
}

describe('createClassifier', () => {
  test('answers pictures in order, each with all ten digits, the likeliest first', async () => {
    const classifier = await classifierOf('template.onnx')
    const blank = { width: 50, height: 50, pixels: new Uint8Array(2500).fill(250) }
    const answers = await classifier.classify([await drawGrey({ digit: 7 }), blank, await drawGrey({ digit: 0 })])
    expect(answers.map(({ digit }) => digit)).toEqual([7, null, 0])
    const [seven] = answers
    if (seven?.digit !== 7) throw new Error('expected a 7')
    expect(seven.ranking.map(({ digit }) => digit).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(seven.ranking.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5)
    expect(seven.probability).toBe(Math.max(...seven.ranking.map(({ probability }) => probability)))
  })

  test('makes the same probabilities from logits as the model’s own Softmax', async () => {
    const { images } = generateDigits({ count: 300, seed: 8 })
    const whole = await (await classifierOf('both.onnx')).probabilities(images)
    const logits = await (await classifierOf('logits.onnx', { outputs: ['logits'] })).probabilities(images)
    for (const [index, value] of whole.entries()) expect(logits[index]).toBeCloseTo(value, 5)
  })

  test('says no digit of what no digit is likely enough to be, by the model’s own word', async () => {
    const seven = await drawGrey({ digit: 7 })
    const asking = (least: string) => ({ metadata: { 'mnist.least_probability': least } })
    const [plain] = await (await classifierOf('silent.onnx')).classify([seven])
    if (plain?.digit !== 7) throw new Error('expected a 7')
    const { probability } = plain
    const [reached] = await (await classifierOf('modest.onnx', asking(String(probability)))).classify([seven])
    expect(reached).toMatchObject({ digit: 7, probability })
    const [missed] = await (await classifierOf('exacting.onnx', asking(String((1 + probability) / 2)))).classify([
      seven,
    ])
    const percent = Math.floor(100 * probability)
    expect(missed).toMatchObject({ digit: null, reason: `it is unlike any digit: most like 7, at ${percent} %` })
    await expect(classifierOf('strange.onnx', asking('much'))).rejects.toThrow(
      'metadata mnist.least_probability: expected a number from 0 to 1, found much',
    )
  })

  test('runs a model of a fixed batch in pieces, the last one filled up', async () => {
    const { images } = generateDigits({ count: 10, seed: 8 })
    const free = await (await classifierOf('free.onnx')).probabilities(images)
    const fixed = await classifierOf('four.onnx', { input: { shape: [4, 1, 28, 28] } })
    expect(fixed.info.batch).toBe(4)
    const pieces = await fixed.probabilities(images)
    for (const [index, value] of free.entries()) expect(pieces[index]).toBeCloseTo(value, 5)
  })

  test('gives a model the values of ink and paper that its metadata ask for', async () => {
    const { images } = generateDigits({ count: 20, seed: 8 })
    const input = (ink: number, paper: number) => ({
      metadata: { 'mnist.input': JSON.stringify({ size: [28, 28], ink, paper, framing: 'mnist' }) },
    })
    const inverse = images.map((value) => 255 - value)
    const plain = await (await classifierOf('plain.onnx', input(1, 0))).probabilities(images)
    // Ink 0 on paper 1 of a picture is ink 1 on paper 0 of its inverse.
    const turned = await (await classifierOf('turned.onnx', input(0, 1))).probabilities(inverse)
    for (const [index, value] of plain.entries()) expect(turned[index]).toBeCloseTo(value, 5)
  })

  const refused: readonly (readonly [string, TemplateOptions, string])[] = [
    [
      'colour.onnx',
      { input: { name: 'data' } },
      'expected input image float32 [batch, 1, 28, 28] and output probabilities or logits float32 [batch, 10], ' +
        'found input data float32 [batch, 1, 28, 28], output logits float32 [batch, 10] and probabilities float32 [batch, 10]: not a digit model',
    ],
    [
      'scores.onnx',
      { outputs: ['scores'] },
      'expected input image float32 [batch, 1, 28, 28] and output probabilities or logits float32 [batch, 10], ' +
        'found input image float32 [batch, 1, 28, 28], output scores float32 [batch, 10]: not a digit model',
    ],
    [
      'centred.onnx',
      { metadata: { 'mnist.input': '{"ink":1,"paper":0,"size":[28,28],"framing":"centre"}' } },
      'metadata mnist.input: expected {"size":[28,28],"ink":1,"paper":0,"framing":"mnist"} with any ink and paper, ' +
        'found {"ink":1,"paper":0,"size":[28,28],"framing":"centre"}',
    ],
  ]
  test.each(refused)('refuses %s and says what it expected and found', async (name, options, message) => {
    await expect(classifierOf(name, options)).rejects.toThrow(`${join(folder, name)}: ${message}`)
  })
})

test('softmaxRows takes logits that no exponential could', () => {
  const row = new Float32Array(10).fill(-1000)
  row[3] = 1000
  row[4] = 1000
  // e^0 / (e^0 + e^0) each, the rest e^-2000 = 0
  expect(Array.from(softmaxRows(row))).toEqual([0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0])
})
