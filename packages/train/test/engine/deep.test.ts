import { generateDigits } from 'mnist-infer/mnist'
import { describe, expect, test } from 'vitest'
import type { Engine, EngineState } from '../../src/engine/engine.js'
import { openOnnxEngine } from '../../src/engine/onnx/onnx-engine.js'
import { openTfjsEngine } from '../../src/engine/tfjs/tfjs-engine.js'
import { alexnet } from '../../src/networks/alexnet.js'
import { setInitialWeights } from '../../src/networks/initial-weights.js'
import { resnet } from '../../src/networks/resnet18.js'
import { loadTfjs } from '../../src/tfjs/tfjs.js'

const BATCH = 6
const digits = generateDigits({ count: 2 * BATCH, seed: 6 })

/** The deep networks' kinds of layer, in sizes that tfjs in plain JavaScript trains in a second. */
const NARROW_RESNET = { size: 32, channels: [4, 6], blocksPerStage: 2 }
const NARROW_ALEXNET = { size: 65, channels: [4, 6, 8, 8, 6], hidden: 12 } as const

const OPTIONS = { batchSize: BATCH, seed: 2, threads: 1 }

type Tf = Awaited<ReturnType<typeof loadTfjs>>

async function steps(engine: Engine, count: number, learningRate = 0.05): Promise<number[]> {
  const losses: number[] = []
  for (let step = 0; step < count; step++) {
    const begin = (step % 2) * BATCH
    const { loss } = await engine.step({
      images: digits.images.subarray(begin * 784, (begin + BATCH) * 784),
      labels: digits.labels.subarray(begin, begin + BATCH),
      learningRate,
      step,
    })
    losses.push(loss)
  }
  return losses
}

/** The largest difference of each kind of weight, against the largest of its values. */
function differences(a: EngineState, b: EngineState): [string, number][] {
  return [...b].map(([name, { values }]) => {
    const other = a.get(name)?.values ?? new Float32Array(values.length).fill(Number.NaN)
    const difference = Math.max(...values.map((value, index) => Math.abs(value - (other[index] as number))))
    return [name, difference / Math.max(...values.map(Math.abs))]
  })
}

describe('a narrow ResNet', () => {
  test('trains on onnx as on tfjs: losses, weights and running statistics, and the loss of an evaluation', async () => {
    const tf = await loadTfjs()
    const build = () => {
      const model = resnet(tf, NARROW_RESNET)
      setInitialWeights(tf, model, 2)
      return model
    }
    const layers = build()
    const { engine: onnx } = await openOnnxEngine(layers, OPTIONS)
    layers.dispose()
    const tfjs = await openTfjsEngine(build(), OPTIONS)
    // In the third step a ReLU's input is 0 but for rounding, and may fall on either side: tfjs's own losses move by 4e-4 from there
    // on, where its weights are disturbed by 2e-6.
    const expected = await steps(tfjs, 2)
    const found = await steps(onnx, 2)
    for (const [step, loss] of expected.entries())
      expect(Math.abs((found[step] ?? 0) - loss), `step ${step}`).toBeLessThan(1e-5)
    const statistics = differences(await onnx.state(), await tfjs.state())
    // Biases in front of a batch normalization have no gradient: tfjs moves them by rounding errors.
    for (const [name, difference] of statistics) expect(difference, name).toBeLessThan(2e-3)
    const evaluated = [await onnx.evaluate(digits), await tfjs.evaluate(digits)].map(({ loss }) => loss) as [
      number,
      number,
    ]
    expect(Math.abs(evaluated[0] - evaluated[1])).toBeLessThan(1e-4)
    await onnx.dispose()
    await tfjs.dispose()
  })
})

describe('five steps on onnx are five steps on tfjs', () => {
  test.each([
    {
      title: 'a narrow ResNet',
      build: (tf: Tf) => resnet(tf, { size: 32, channels: [4, 6], blocksPerStage: 1 }),
      learningRate: 0.01,
      tolerance: 1e-4,
    },
    {
      title: 'a narrow AlexNet without dropout',
      build: (tf: Tf) => alexnet(tf, { ...NARROW_ALEXNET, dropout: 0 }),
      learningRate: 0.05,
      tolerance: 1e-5,
    },
  ])('of $title', async ({ build, learningRate, tolerance }) => {
    const tf = await loadTfjs()
    const fresh = () => {
      const model = build(tf)
      setInitialWeights(tf, model, 4)
      return model
    }
    const layers = fresh()
    const { engine: onnx } = await openOnnxEngine(layers, OPTIONS)
    layers.dispose()
    const tfjs = await openTfjsEngine(fresh(), OPTIONS)
    const expected = await steps(tfjs, 5, learningRate)
    const found = await steps(onnx, 5, learningRate)
    for (const [step, loss] of expected.entries())
      expect(Math.abs((found[step] ?? 0) / loss - 1), `step ${step}`).toBeLessThan(tolerance)
    expect(new Set(found).size).toBe(5)
    await onnx.dispose()
    await tfjs.dispose()
  })
})

describe('a narrow AlexNet', () => {
  test.each(['onnx', 'tfjs'] as const)(
    'drops the same units on %s for the same seed and step, and others for others',
    async (name) => {
      const tf = await loadTfjs()
      const run = async (seed: number, first: number): Promise<number> => {
        const layers = alexnet(tf, NARROW_ALEXNET)
        setInitialWeights(tf, layers, 2)
        const options = { ...OPTIONS, seed }
        const engine =
          name === 'onnx' ? (await openOnnxEngine(layers, options)).engine : await openTfjsEngine(layers, options)
        const images = digits.images.subarray(0, 3 * 784)
        const labels = digits.labels.subarray(0, 3)
        const { loss } = await engine.step({ images, labels, learningRate: 0.01, step: first })
        await engine.dispose()
        if (name === 'onnx') layers.dispose()
        return loss
      }
      const loss = await run(1, 0)
      expect(await run(1, 0)).toBe(loss)
      expect(await run(1, 1)).not.toBe(loss)
      expect(await run(2, 0)).not.toBe(loss)
    },
  )
})
