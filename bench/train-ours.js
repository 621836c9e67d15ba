// Our side of `bench train`: whole steps as `mnist-train` takes them, from bytes to new weights, pictures in a new order each epoch.
import { createInterface } from 'node:readline'
import { loadDataset } from 'mnist-infer/mnist'
import { createEngine, recipeOf, trainingLoop } from 'mnist-train'

const [network, batch, threads, engineName] = process.argv.slice(2)
const batchSize = Number(batch)
const dataset = await loadDataset({ data: 'auto', onNotice: (line) => console.error(line) })
const options = { network, batchSize, seed: 0, threads: Number(threads) }
const { engine, description } = await createEngine({ engine: engineName, ...options })
const { learningRate } = recipeOf(network, 'default')
// Evaluation is off: an epoch ends with no test pictures.
const untested = { step: (input) => engine.step(input), evaluate: async () => ({ loss: 0, correct: 0 }) }
const steps = trainingLoop({
  engine: untested,
  dataset,
  plan: { epochs: 1e9, batchSize, learningRate, seed: 0 },
})

console.log(JSON.stringify({ description }))
for await (const line of createInterface({ input: process.stdin })) {
  let images = 0
  const start = performance.now()
  for (let left = Number(line); left > 0; ) {
    const { value } = await steps.next()
    if (value.type !== 'batch') continue
    images += value.pictures
    left--
  }
  console.log(JSON.stringify({ images, seconds: (performance.now() - start) / 1000 }))
}
await engine.dispose()
