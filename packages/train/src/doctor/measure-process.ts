/** The process that `measure` starts: a request as JSON in, an answer as the last line of standard output. */
import { generateDigits } from 'mnist-infer/mnist'
import { createEngine } from '../engine/choose.js'
import type { Engine } from '../engine/engine.js'
import { useNativeFolder } from '../engine/tfjs/native-folder.js'
import { UnavailableEngine } from '../engine/unavailable.js'
import type { NetworkName } from '../networks/names.js'
import { recipeOf } from '../recipes.js'
import type { MeasureAnswer, MeasureRequest } from './measure.js'

/** Enough that few batches are alike. */
const MOST_DIGITS = 2048

async function answer(request: MeasureRequest): Promise<MeasureAnswer> {
  const { network, batchSize, threads, native } = request
  if (native !== undefined) useNativeFolder(native)
  try {
    const { engine, description } = await createEngine({ engine: request.engine, network, batchSize, seed: 0, threads })
    const measured = await train(engine, request)
    await engine.dispose()
    return { description, ...measured, memoryMiB: Math.round(process.memoryUsage().rss / 2 ** 20) }
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    if (error instanceof UnavailableEngine) {
      return { error: found, brief: error.brief, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) }
    }
    return { error: found }
  }
}

async function train(engine: Engine, { network, batchSize, steps, seconds }: MeasureRequest) {
  const digits = generateDigits({ count: Math.min(MOST_DIGITS, batchSize * 4), seed: 0 })
  const { learningRate } = recipeOf(network as NetworkName, 'default')
  let step = 0
  const take = async (): Promise<number> => {
    const begin = (step * batchSize) % digits.count
    const images = digits.images.subarray(begin * 784, (begin + batchSize) * 784)
    const labels = digits.labels.subarray(begin, begin + batchSize)
    const { loss } = await engine.step({ images, labels, learningRate, step: step++ })
    return loss
  }
  const losses: number[] = []
  for (let count = 0; count < steps; count++) losses.push(await take())
  if (seconds === 0) return { losses, imagesPerSecond: 0 }
  const start = performance.now()
  const first = step
  do await take()
  while (performance.now() - start < seconds * 1000)
  return { losses, imagesPerSecond: ((step - first) * batchSize * 1000) / (performance.now() - start) }
}

const request = JSON.parse(process.argv[2] ?? '') as MeasureRequest
process.stdout.write(`\n${JSON.stringify(await answer(request))}\n`)
