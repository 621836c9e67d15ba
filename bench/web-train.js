// Training speed in the page with one thread, beside the Node engine and beside tfjs's WASM backend on the same page, by turns. That one
// lacks the gradient of a convolution's filter; it is lent tfjs's own of the CPU backend, and one in SIMD, which tfjs does not have.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateDigits } from 'mnist-infer/mnist'
import { build } from 'rolldown'
import { median, startSide } from './side.js'
import { LIBRARY, openBrowser, openPage, serve } from './web-host.js'

/** Least share of the Node engine's speed: 3,000 images/s where that makes 8,000. */
const LEAST_OF_NODE = 3000 / 8000

/** Least multiple of tfjs's speed. */
const LEAST_OF_TFJS = 10

const [BATCH, STEPS] = [256, 60]

/** tfjs's filter gradient → steps of a turn. */
const TFJS_STEPS = { cpu: 1, simd: 4 }

/** Prints a line, and returns the medians (images/s) and the ratios. */
export async function benchTraining({ rounds }) {
  const { images, labels } = generateDigits({ count: BATCH * STEPS, seed: 1 })
  const files = { images, labels, 'tfjs.js': await tfjsBundle(), ...(await tfjsBinaries()) }
  const [browser, host] = [await openBrowser(), await serve(LIBRARY)]
  const node = await startSide(process.execPath, [
    fileURLToPath(new URL('train-ours.js', import.meta.url)),
    ...['lenet5', String(BATCH), '1', 'onnx'],
  ])
  try {
    const page = await openPage(browser, host, { files, body: '<script type="module" src="./tfjs.js"></script>' })
    const description = await page.evaluate(() => globalThis.tfjsTraining.open())
    const rates = { page: [], node: [], cpu: [], simd: [] }
    // The first steps find memory and compile; none is measured on them.
    const tfjsSteps = async (gradient, steps) => {
      const { images: count, seconds } = await page.evaluate(
        (given) => globalThis.tfjsTraining.run(...given),
        [steps, gradient],
      )
      return count / seconds
    }
    for (const gradient of Object.keys(TFJS_STEPS)) await tfjsSteps(gradient, 1)
    await node.run(2)
    for (let round = 0; round < rounds; round++) {
      rates.page.push(await page.evaluate(trainInPage))
      rates.node.push(await node.run(STEPS))
      for (const [gradient, steps] of Object.entries(TFJS_STEPS)) rates[gradient].push(await tfjsSteps(gradient, steps))
    }
    return told({
      description,
      rounds,
      ...Object.fromEntries(Object.entries(rates).map(([side, all]) => [side, median(all)])),
    })
  } finally {
    await node.close()
    await browser.close()
    await host.close()
  }
}

function told({ description, rounds, page, node, cpu, simd }) {
  const [ofNode, ofTfjs, ofSimd] = [page / node, page / cpu, page / simd]
  const rate = (value) => Math.round(value).toLocaleString('en-US')
  console.log(
    `train lenet5 batch ${BATCH}, 1 thread, medians of ${rounds} turns: page ${rate(page)} images/s, Node ${rate(node)}, ` +
      `${description} ${rate(cpu)} with tfjs's own filter gradient, ${rate(simd)} with one in SIMD: ` +
      `${ofNode.toFixed(2)} of Node (at least ${LEAST_OF_NODE}), ${ofTfjs.toFixed(1)} times tfjs (at least ${LEAST_OF_TFJS}), ` +
      `${ofSimd.toFixed(1)} times with the SIMD one`,
  )
  return { page, node, cpu, simd, ofNode, ofTfjs, ofSimd, holds: ofNode >= LEAST_OF_NODE && ofTfjs >= LEAST_OF_TFJS }
}

/** Runs in the page: two epochs, of which the second is measured. */
async function trainInPage() {
  const { train } = await import('./index.js')
  const bytes = async (file) => new Uint8Array(await (await fetch(file)).arrayBuffer())
  const [model, images, labels] = await Promise.all(['./models/lenet5.onnx', './images', './labels'].map(bytes))
  const test = { images: images.slice(0, 784), labels: labels.slice(0, 1), count: 1 }
  const data = { kind: 'given', train: { images, labels, count: labels.length }, test, description: 'a bench' }
  const recipe = { epochs: 2, batchSize: 256, learningRate: 0.6, optimizer: 'sgd', seed: 1 }
  const training = train({ model, data, ...recipe }, () => {})
  const reports = await training.finished
  training.close()
  return reports[1].imagesPerSecond
}

/** tfjs and its side of the comparison as one script. */
async function tfjsBundle() {
  const { output } = await build({
    input: fileURLToPath(new URL('web-tfjs.js', import.meta.url)),
    platform: 'browser',
    write: false,
    logLevel: 'silent',
    output: { format: 'es', codeSplitting: false },
  })
  return output[0].code
}

async function tfjsBinaries() {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))
  const names = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm']
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [`tfjs/${name}`, await readFile(join(folder, name))])),
  )
}
