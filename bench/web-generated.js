// Ten epochs of generated digits in the page, and the same in Node: same weights to begin with, same digits, same order. What may differ
// is how the two builds of ONNX Runtime round.
import { decodeModel, floatValues } from 'mnist-export'
import { generateDigits } from 'mnist-infer/mnist'
import { createEngine, trainingLoop } from 'mnist-train'
import { LIBRARY, openBrowser, openPage, serve } from './web-host.js'

/** Largest difference of the two test accuracies, 0…1. */
const MOST = 0.005

const RECIPE = { epochs: 10, batchSize: 256, learningRate: 0.9, optimizer: 'sgd', seed: 1 }

/** Prints a line, and returns both accuracies. */
export async function benchGenerated({ train, test }) {
  const digits = { train: generateDigits({ count: train, seed: 1 }), test: generateDigits({ count: test, seed: 2 }) }
  const page = await trainInPage(digits)
  const node = await trainInNode(digits, page.initial)
  const difference = Math.abs(page.accuracy - node)
  console.log(
    `accuracy: lenet5, ${RECIPE.epochs} epochs of ${train.toLocaleString('en-US')} generated digits: page ${(page.accuracy * 100).toFixed(2)} %, ` +
      `Node ${(node * 100).toFixed(2)} %, ${(difference * 100).toFixed(2)} points apart (at most ${MOST * 100})`,
  )
  return { page: page.accuracy, node, holds: difference <= MOST }
}

async function trainInPage({ train, test }) {
  const [browser, host] = [await openBrowser(), await serve(LIBRARY)]
  try {
    const files = { train: train.images, 'train-labels': train.labels, test: test.images, 'test-labels': test.labels }
    const page = await openPage(browser, host, { files })
    const { accuracy, initial } = await page.evaluate(inPage, RECIPE)
    return { accuracy, initial: Buffer.from(initial, 'base64') }
  } finally {
    await browser.close()
    await host.close()
  }
}

/** Runs in the page: the test accuracy, and the file of the model as it was before the first step. */
async function inPage(recipe) {
  const lib = await import('./index.js')
  const bytes = async (file) => new Uint8Array(await (await fetch(file)).arrayBuffer())
  const digits = async (part) => {
    const labels = await bytes(`./${part}-labels`)
    return { images: await bytes(`./${part}`), labels, count: labels.length }
  }
  const model = await bytes('./models/lenet5.onnx')
  const data = { kind: 'given', train: await digits('train'), test: await digits('test'), description: 'a bench' }
  const before = lib.train({ model, data, ...recipe, epochs: 0 }, () => {})
  await before.finished
  const initial = await before.model()
  before.close()
  const training = lib.train({ model, data, ...recipe }, () => {})
  const reports = await training.finished
  training.close()
  return {
    accuracy: reports.at(-1).testAccuracy,
    initial: btoa(Array.from(initial, (byte) => String.fromCharCode(byte)).join('')),
  }
}

async function trainInNode(dataset, initial) {
  const { epochs, batchSize, learningRate, seed } = RECIPE
  const { engine } = await createEngine({ engine: 'onnx', network: 'lenet5', batchSize, seed, threads: 1 })
  try {
    const { initializers } = decodeModel(initial, 'the model of the page').graph
    const known = new Map(initializers.map((tensor) => [tensor.name, tensor]))
    const state = [...(await engine.state())].map(([name, { shape }]) => [
      name,
      { shape, values: floatValues(known.get(name)) },
    ])
    await engine.restore(new Map(state))
    let accuracy = 0
    for await (const event of trainingLoop({ engine, dataset, plan: { epochs, batchSize, learningRate, seed } }))
      if (event.type === 'epoch') accuracy = event.metrics.testAccuracy
    return accuracy
  } finally {
    await engine.dispose()
  }
}
