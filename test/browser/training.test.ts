/** Training in the page, in Chromium. Needs CHROMIUM, a browser's path. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeModel, encodeModel } from 'mnist-export'
import { generateDigits } from 'mnist-infer/mnist'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { CHROMIUM, LIBRARY, openedForSuite, openPage, START } from './support/chromium.js'
import { answersOf, logitsInNode } from './support/node-reading.js'

/** Share of `images` that Node reads as `labels` say. */
async function accuracyInNode(model: Uint8Array, images: Uint8Array, labels: ArrayLike<number>): Promise<number> {
  const answers = answersOf(await logitsInNode(model, images))
  return Array.from(labels).filter((label, index) => answers[index] === label).length / labels.length
}

/** LeNet-5 with ReLUs: the sigmoids would sit at chance for as long as this test lasts. */
async function quickNetwork(): Promise<Uint8Array> {
  const model = decodeModel(await readFile(join(LIBRARY, 'models', 'lenet5.onnx')), 'lenet5')
  const nodes = model.graph.nodes.map((node) => (node.opType === 'Sigmoid' ? { ...node, opType: 'Relu' } : node))
  return encodeModel({ ...model, graph: { ...model.graph, nodes } })
}

describe.runIf(CHROMIUM)('training in the page (CHROMIUM)', () => {
  const opened = openedForSuite()
  let page: Page

  beforeAll(async () => {
    page = await openPage(opened.browser, opened.host, { body: '', script: false })
  }, START)

  test('from nothing lowers the loss, pauses, and gives a file that Node runs', async () => {
    // A text, so that the test's own bundler leaves the import alone.
    const network = JSON.stringify(Buffer.from(await quickNetwork()).toString('base64'))
    const result = (await page.evaluate(`(async () => {
      const { train } = await import('./index.js')
      const model = Uint8Array.from(atob(${network}), (character) => character.charCodeAt(0))
      const losses = []
      let paused = 0
      const training = train(
        { model, data: { kind: 'generated', train: 2000, test: 500 }, epochs: 3, batchSize: 64, learningRate: 3e-3, optimizer: 'adam', seed: 1 },
        (progress) => { if (progress.type === 'batch') { losses.push(progress.loss); if (paused === 0) paused = 1 } },
      )
      while (losses.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
      await training.pause()
      const before = losses.length
      await new Promise((resolve) => setTimeout(resolve, 400))
      const whilePaused = losses.length - before
      await training.resume()
      const reports = await training.finished
      const bytes = Array.from(await training.model())
      training.close()
      return { reports, bytes, whilePaused, first: losses[0], last: losses.at(-1) }
    })()`)) as TrainingResult
    // One step may have been under way when the pause came.
    expect(result.whilePaused).toBeLessThanOrEqual(1)
    expect(result.reports).toHaveLength(3)
    expect(result.last).toBeLessThan(result.first / 2)

    const file = Uint8Array.from(result.bytes)
    const { metadata } = decodeModel(file, 'the download')
    expect(metadata['mnist.dataset']).toBe('2000 generated digits')
    expect(metadata['mnist.epochs']).toBe('3')
    const { images, labels } = generateDigits({ count: 500, seed: 77 })
    const inNode = await accuracyInNode(file, images, labels)
    expect(inNode).toBeGreaterThan(0.75)
    // Another set of 500: five standard deviations of the difference at this accuracy.
    expect(Math.abs(inNode - (result.reports.at(-1)?.testAccuracy ?? 0))).toBeLessThan(0.1)
  })

  test('rests while the visitor types, and goes on after', async () => {
    const { resting, after } = (await page.evaluate(`(async () => {
      const { train } = await import('./index.js')
      const model = new Uint8Array(await (await fetch('./models/lenet5.onnx')).arrayBuffer())
      let batches = 0
      const training = train(
        { model, data: { kind: 'generated', train: 2000, test: 500 }, epochs: 1000, batchSize: 64, learningRate: 3e-3, optimizer: 'adam', seed: 1 },
        (progress) => { if (progress.type === 'batch') batches++ },
      )
      const moment = () => new Promise((resolve) => setTimeout(resolve, 20))
      while (batches === 0) await moment()
      // Types until no batch came for 40 keys in a row: one that was under way may still come.
      let resting = 0
      for (let before = batches; resting < 40; before = batches) {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '7', bubbles: true }))
        await moment()
        resting = batches === before ? resting + 1 : 0
      }
      const before = batches
      while (batches === before) await moment()
      training.close()
      return { resting, after: batches - before }
    })()`)) as { resting: number; after: number }
    expect(resting).toBe(40)
    expect(after).toBeGreaterThan(0)
  })

  test('five examples teach it a hand that it misreads, and it keeps the rest', async () => {
    const { images, labels } = generateDigits({ count: 900, seed: 5 })
    const sevens = Array.from(labels, (label, index) => ({ label, index })).filter(({ label }) => label === 7)
    const drawn = sevens.map(({ index }) => mirrored(images.subarray(index * 784, (index + 1) * 784)))
    const examples = drawn.slice(0, 5).map((pixels) => ({ pixels: Array.from(pixels), label: 7 }))
    const taught = (await page.evaluate(`(async () => {
      const { teach } = await import('./index.js')
      const model = new Uint8Array(await (await fetch('./models/lenet5.onnx')).arrayBuffer())
      const examples = ${JSON.stringify(examples)}.map(({ pixels, label }) => ({ pixels: Uint8Array.from(pixels), label }))
      const result = await teach(model, examples)
      return { ...result, model: Array.from(result.model), original: Array.from(model) }
    })()`)) as TaughtResult
    expect(taught.examples.after).toBe(5)
    const others = drawn.slice(5)
    const joined = Uint8Array.from(others.flatMap((pixels) => Array.from(pixels)))
    const sevensOnly = others.map(() => 7)
    expect(await accuracyInNode(Uint8Array.from(taught.original), joined, sevensOnly)).toBeLessThan(0.5)
    expect(await accuracyInNode(Uint8Array.from(taught.model), joined, sevensOnly)).toBeGreaterThan(0.85)
    expect(taught.others.after).toBeGreaterThan(taught.others.before - 0.02)
  })
})

function mirrored(pixels: Uint8Array): Uint8Array {
  return pixels.map((_, index) => pixels[index - (index % 28) + 27 - (index % 28)] as number)
}

interface TrainingResult {
  readonly reports: readonly { readonly testAccuracy: number }[]
  readonly bytes: readonly number[]
  readonly whilePaused: number
  readonly first: number
  readonly last: number
}

interface TaughtResult {
  readonly model: readonly number[]
  readonly original: readonly number[]
  readonly examples: { readonly before: number; readonly after: number; readonly total: number }
  readonly others: { readonly before: number; readonly after: number }
}
