/** The deep networks as they are released, four and eight bits a weight, on onnxruntime-web in Chromium. Needs CHROMIUM, a browser's path. */
import { compressModel, decodeModel, encodeModel, type Precision } from 'mnist-export'
import { generateDigits } from 'mnist-infer/mnist'
import { createEngine, exportInference } from 'mnist-train'
import { describe, expect, test } from 'vitest'
import { CHROMIUM, openedForSuite, openPage } from './support/chromium.js'
import { apart, logitsInNode } from './support/node-reading.js'

const COUNT = 2

/** The network as its first step would find it, compressed. */
async function untrained(network: string, precision: Precision): Promise<Uint8Array> {
  const { engine } = await createEngine({ engine: 'onnx', network, batchSize: 1, seed: 0, threads: 1 })
  const facts = { recipe: 'default', epochs: 0, dataset: 'none', seed: 0, testAccuracy: 0.1 }
  const model = decodeModel(await exportInference(network as 'alexnet', await engine.state(), facts))
  await engine.dispose()
  return encodeModel(compressModel(model, { precision }))
}

describe.runIf(CHROMIUM)('the deep networks in the page (CHROMIUM)', () => {
  const opened = openedForSuite()

  test.each([
    ['alexnet', 'int4'],
    ['resnet18', 'int8-weights'],
  ] as const)(
    '%s in %s has the logits that Node has, and tells how far its download is',
    async (network, precision) => {
      const bytes = await untrained(network, precision)
      const { images } = generateDigits({ count: COUNT, seed: 7 })
      const page = await openPage(opened.browser, opened.host, { body: '', script: false })
      await page.route(`${opened.host.url}models/${network}.onnx`, (route) =>
        route.fulfill({ body: Buffer.from(bytes) }),
      )
      // A text, so that the test's own bundler leaves the import alone.
      const { logits, told } = (await page.evaluate(`(async () => {
      const { openReader } = await import('./index.js')
      let told = 0
      const reader = await openReader({ model: './models/${network}.onnx', onProgress: ({ what }) => { if (what === 'model') told++ } })
      return { logits: Array.from(await reader.logits(Uint8Array.from(${JSON.stringify(Array.from(images))}))), told }
    })()`)) as { logits: number[]; told: number }
      await page.close()
      expect(logits).toHaveLength(COUNT * 10)
      expect(apart(logits, await logitsInNode(bytes, images))).toBeLessThan(1e-4)
      expect(told).toBeGreaterThan(0)
    },
  )
})
