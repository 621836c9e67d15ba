import { generateDigits } from 'mnist-infer/mnist'
import { describe, expect, test } from 'vitest'
import type { Engine, EngineState } from '../../src/engine/engine.js'
import { openOnnxEngine } from '../../src/engine/onnx/onnx-engine.js'
import { alexnet } from '../../src/networks/alexnet.js'
import { setInitialWeights } from '../../src/networks/initial-weights.js'
import { LENET5, lenet } from '../../src/networks/lenet5.js'
import { resnet } from '../../src/networks/resnet18.js'
import { loadTfjs } from '../../src/tfjs/tfjs.js'

const BATCH = 10
const digits = generateDigits({ count: 2 * BATCH, seed: 8 })

const NETWORKS = { lenet5: lenetModel, 'a narrow AlexNet, dropout on': alexnetModel } as const

type Tf = Awaited<ReturnType<typeof loadTfjs>>

function lenetModel(tf: Tf) {
  return lenet(tf, LENET5)
}

function alexnetModel(tf: Tf) {
  return alexnet(tf, { size: 65, channels: [4, 6, 8, 8, 6], hidden: 12 })
}

async function open(build: (tf: Tf) => ReturnType<typeof lenetModel>, microBatch?: number): Promise<Engine> {
  const tf = await loadTfjs()
  const layers = build(tf)
  setInitialWeights(tf, layers, 3)
  const { engine } = await openOnnxEngine(layers, { batchSize: BATCH, seed: 1, threads: 1, microBatch })
  layers.dispose()
  return engine
}

async function trained(engine: Engine): Promise<{ answers: object[]; state: EngineState }> {
  const answers: object[] = []
  // The last batch is short.
  for (const [step, count] of [BATCH, BATCH, 7].entries()) {
    const begin = (step % 2) * BATCH
    const images = digits.images.subarray(begin * 784, (begin + count) * 784)
    const labels = digits.labels.subarray(begin, begin + count)
    answers.push(await engine.step({ images, labels, learningRate: 0.05, step }))
  }
  const state = await engine.state()
  await engine.dispose()
  return { answers, state }
}

/** The largest ‖a - b‖ / ‖b‖ of a parameter. */
function largestDifference(a: EngineState, b: EngineState): number {
  const norms = [...b].map(([name, { values }]) => {
    const other = a.get(name)?.values ?? new Float32Array(0)
    return Math.hypot(...values.map((value, index) => (other[index] ?? Number.NaN) - value)) / Math.hypot(...values)
  })
  return Math.max(...norms)
}

describe('a step by micro-batches', () => {
  test.each(Object.entries(NETWORKS).flatMap(([title, build]) => [1, 4, 5].map((size) => ({ title, build, size }))))(
    'of $size is that of the whole batch for $title: losses, answers and weights to 1e-5',
    async ({ build, size }) => {
      const whole = await trained(await open(build))
      const parts = await trained(await open(build, size))
      for (const [step, { loss, correct }] of (whole.answers as { loss: number; correct: number }[]).entries()) {
        const found = parts.answers[step] as { loss: number; correct: number }
        expect(Math.abs(found.loss / loss - 1), `step ${step}`).toBeLessThan(1e-5)
        expect(found.correct, `step ${step}`).toBe(correct)
      }
      expect(largestDifference(parts.state, whole.state)).toBeLessThan(1e-5)
    },
  )

  test('is the whole step where a part is no smaller than the batch', async () => {
    const whole = await trained(await open(lenetModel))
    expect(await trained(await open(lenetModel, BATCH))).toEqual(whole)
  })

  test('moves running statistics with every part', async () => {
    const build = (tf: Tf) => resnet(tf, { size: 32, channels: [4], blocksPerStage: 1 })
    const whole = await trained(await open(build))
    const parts = await trained(await open(build, 5))
    const mean = [...whole.state.keys()].find((name) => name.includes('mean')) as string
    const norm = ({ state }: { state: EngineState }): number => Math.hypot(...(state.get(mean)?.values ?? []))
    // 1 - 0.9⁶ of the way to the batches' means instead of 1 - 0.9³ or so: five steps of parts and one short.
    expect(norm(parts) / norm(whole)).toBeGreaterThan(1.3)
  })
})
