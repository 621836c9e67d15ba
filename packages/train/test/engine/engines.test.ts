import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom, type Digits, generateDigits } from 'mnist-infer/mnist'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createEngine } from '../../src/engine/choose.js'
import type { Engine, EngineState, StateTensor } from '../../src/engine/engine.js'
import { crossEntropy, evaluateDigits } from '../../src/engine/evaluate.js'
import { scaledPixels } from '../../src/engine/pixels.js'
import { loadTfjs } from '../../src/tfjs/tfjs.js'

/** What the engines look for before they load anything. */
const HAS_GPU = existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')

const digits = generateDigits({ count: 120, seed: 4 })

/** tfjs in plain JavaScript trains a few pictures a second: small batches, and the smallest network where many steps matter. */
const open = async (engine: 'onnx' | 'tfjs', network: string, batchSize: number): Promise<Engine> =>
  (await createEngine({ engine, network, batchSize, seed: 3, threads: 1 })).engine

function batch({ images, labels }: Digits, { size, step }: { size: number; step: number }) {
  const begin = (step * size) % (labels.length - size)
  return {
    images: images.subarray(begin * 784, (begin + size) * 784),
    labels: labels.subarray(begin, begin + size),
    step,
  }
}

async function losses(engine: Engine, plan: { steps: number; size: number; learningRate: number }): Promise<number[]> {
  const found: number[] = []
  for (let step = 0; step < plan.steps; step++) {
    const { loss } = await engine.step({
      ...batch(digits, { size: plan.size, step }),
      learningRate: plan.learningRate,
    })
    found.push(loss)
  }
  return found
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length)
  return Math.max(...a.map((value, index) => Math.abs(value - (b[index] as number))))
}

describe('the engines onnx and tfjs', () => {
  test.each([
    // float32 rounding grows with each step; ReLUs and large steps make it grow faster.
    { network: 'lenet5-02', steps: 50, size: 2, learningRate: 0.1, tolerance: 1e-4 },
    { network: 'lenet5', steps: 3, size: 4, learningRate: 0.6, tolerance: 1e-5 },
    { network: 'lenet5-01', steps: 2, size: 2, learningRate: 0.6, tolerance: 1e-5 },
    { network: 'lenet5-03', steps: 3, size: 4, learningRate: 0.1, tolerance: 1e-5 },
    { network: 'lenet5-04', steps: 2, size: 2, learningRate: 0.1, tolerance: 1e-5 },
  ])('train $network with the same losses over $steps steps, to $tolerance', async (plan) => {
    const onnx = await open('onnx', plan.network, plan.size)
    const tfjs = await open('tfjs', plan.network, plan.size)
    const found = await losses(onnx, plan)
    expect(largestDifference(found, await losses(tfjs, plan))).toBeLessThan(plan.tolerance)
    expect(new Set(found).size).toBe(plan.steps)
    await onnx.dispose()
    await tfjs.dispose()
  })
})

describe.each(['onnx', 'tfjs'] as const)('the engine %s', (name) => {
  let engine: Engine
  let trained: EngineState

  beforeAll(async () => {
    engine = await open(name, 'lenet5-02', 2)
    await losses(engine, { steps: 2, size: 2, learningRate: 0.1 })
    trained = await engine.state()
  }, 120_000)

  afterAll(() => engine.dispose())

  test('counts the right answers before the update, in a batch of any size', async () => {
    const input = batch(digits, { size: 5, step: 0 })
    const { correct } = await engine.evaluate({ images: input.images, labels: input.labels, count: 5 })
    expect((await engine.step({ ...input, learningRate: 1e-9 })).correct).toBe(correct)
  })

  test('learns its batch by heart', async () => {
    const input = batch(digits, { size: 2, step: 7 })
    const before = await engine.evaluate({ images: input.images, labels: input.labels, count: 2 })
    for (let step = 0; step < 6; step++) await engine.step({ ...input, step, learningRate: 0.1 })
    const after = await engine.evaluate({ images: input.images, labels: input.labels, count: 2 })
    expect(after.loss).toBeLessThan(before.loss)
  })

  test('goes back to a state bit for bit, and on from there to the same losses', async () => {
    await engine.restore(trained)
    expect(await engine.state()).toEqual(trained)
    const plan = { steps: 2, size: 2, learningRate: 0.1 }
    const first = await losses(engine, plan)
    await engine.restore(trained)
    expect(await losses(engine, plan)).toEqual(first)
  })

  test('gives states that later steps leave alone', async () => {
    await engine.restore(trained)
    const state = await engine.state()
    const before = new Map([...state].map(([key, { values }]) => [key, values.slice()]))
    await losses(engine, { steps: 2, size: 2, learningRate: 0.1 })
    for (const [key, { values }] of state) expect(values, key).toEqual(before.get(key))
  })

  test('goes on from a state of the other engine', async () => {
    const other = await open(name === 'onnx' ? 'tfjs' : 'onnx', 'lenet5-02', 2)
    await other.restore(trained)
    await engine.restore(trained)
    const plan = { steps: 2, size: 2, learningRate: 0.1 }
    expect(largestDifference(await losses(engine, plan), await losses(other, plan))).toBeLessThan(1e-5)
    await other.dispose()
  })

  test.each<[string, (state: Map<string, StateTensor>) => unknown, string]>([
    ['lacks a weight', (state) => state.delete('fc2.bias'), 'weights: expected fc2.bias of shape [84], found none'],
    [
      'has a weight of another shape',
      (state) => state.set('fc2.bias', { shape: [2], values: new Float32Array(2) }),
      'weights: expected fc2.bias of shape [84], found one of [2]',
    ],
    [
      'has a weight too many',
      (state) => state.set('fc9.bias', { shape: [1], values: new Float32Array(1) }),
      'weights: expected those of this network, found fc9.bias besides',
    ],
  ])('refuses a state that %s', async (_, change, message) => {
    const state = new Map(trained)
    change(state)
    await expect(engine.restore(state)).rejects.toThrow(message)
  })
})

test('tfjs leaves no tensor behind, in training or evaluation, and none at all when the engine is disposed of', async () => {
  const { core } = await loadTfjs()
  const before = core.memory().numTensors
  const engine = await open('tfjs', 'lenet5-02', 2)
  const plan = { steps: 1, size: 2, learningRate: 0.1 }
  await losses(engine, plan)
  const settled = core.memory().numTensors
  await losses(engine, { ...plan, steps: 2 })
  await engine.evaluate({ images: digits.images.subarray(0, 3 * 784), labels: digits.labels.subarray(0, 3), count: 3 })
  await engine.restore(await engine.state())
  expect(core.memory().numTensors).toBe(settled)
  await engine.dispose()
  expect(core.memory().numTensors).toBe(before)
})

describe('what cannot be had is refused', () => {
  let cache: string

  // What the user of this machine has set up is not these tests' business.
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'an empty cache '))
    vi.stubEnv('XDG_CACHE_HOME', cache)
  })

  afterAll(async () => {
    vi.unstubAllEnvs()
    await rm(cache, { recursive: true })
  })

  test.each([
    [
      'tfjs-node',
      'expected TensorFlow set up, or the package @tensorflow/tfjs-node, found neither. Run: mnist-train setup tensorflow',
    ],
    [
      'tfjs-webgpu',
      'expected the packages webgpu and @tensorflow/tfjs-backend-webgpu, found them not set up. Run: mnist-train setup webgpu',
    ],
  ] as const)('%s, where it is not set up', async (engine, message) => {
    await expect(createEngine({ engine, network: 'lenet5', batchSize: 2, seed: 0, threads: 1 })).rejects.toThrow(
      `engine ${engine}: ${message}; --engine onnx is always there`,
    )
  })

  test.skipIf(HAS_GPU)('auto takes the next best, and says why (without a GPU)', async () => {
    const { engine, description, reason } = await createEngine({
      engine: 'auto',
      network: 'lenet5-02',
      batchSize: 2,
      seed: 0,
      threads: 1,
    })
    await engine.dispose()
    expect(description).toBe('onnx (ONNX Runtime, CPU, 1 thread)')
    expect(reason).toBe(
      'the fastest that can be had here; tfjs-gpu finds no NVIDIA GPU; tfjs-webgpu is not set up; tfjs-node is not set up',
    )
  })
})

describe('evaluation', () => {
  test('weights every picture alike, whatever batches they come in', async () => {
    const random = createRandom(5, 'logits')
    const count = 1203
    const logits = Float32Array.from({ length: count * 10 }, () => 6 * random() - 3)
    const labels = Uint8Array.from({ length: count }, (_, index) => index % 10)
    let done = 0
    const { loss, correct } = await evaluateDigits(
      { images: new Uint8Array(count * 784), labels, count },
      async (_, n) => {
        const part = logits.subarray(done * 10, (done + n) * 10)
        done += n
        return part
      },
    )
    const { core } = await loadTfjs()
    const expected = core.tidy(() => {
      const rows = core.tensor2d(logits, [count, 10])
      const target = core.oneHot(core.tensor1d(Int32Array.from(labels), 'int32'), 10)
      const right = core.sum(core.equal(core.argMax(rows, 1), core.tensor1d(Int32Array.from(labels), 'int32')))
      return [core.losses.softmaxCrossEntropy(target, rows).dataSync()[0], right.dataSync()[0]] as [number, number]
    })
    expect(loss).toBeCloseTo(expected[0], 5)
    expect(correct).toBe(expected[1])
  })

  test('of one picture is -ln of its label’s probability, for logits of any size', () => {
    // softmax(0, ln 3) = (1/4, 3/4)
    expect(crossEntropy(Float32Array.of(0, Math.log(3)), 1)).toBeCloseTo(-Math.log(3 / 4), 6)
    expect(crossEntropy(Float32Array.of(1000, 0), 1)).toBeCloseTo(1000, 6)
    expect(crossEntropy(Float32Array.of(Number.NaN, 0), 1)).toBeNaN()
  })

  test('reads bytes as 0 to 1', () => {
    expect([...scaledPixels(Uint8Array.of(0, 51, 255))]).toEqual([0, Math.fround(0.2), 1])
  })
})
