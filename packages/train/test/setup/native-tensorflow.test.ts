/**
 * The set-up of TensorFlow from nothing, with the wheel for the CPU: it fetches 230 MB, so it runs in CI, or where SETUP_TENSORFLOW says so.
 * SETUP_WHEELS may name a folder that has the files already.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { execa } from 'execa'
import { generateDigits } from 'mnist-infer/mnist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../src/engine/engine.js'
import { openOnnxEngine } from '../../src/engine/onnx/onnx-engine.js'
import { TFJS_NODE } from '../../src/engine/tfjs/backends.js'
import { openTfjsEngine } from '../../src/engine/tfjs/tfjs-engine.js'
import { buildNetwork } from '../../src/networks/index.js'
import { setInitialWeights } from '../../src/networks/initial-weights.js'
import { resnet } from '../../src/networks/resnet18.js'
import { loadTfjs } from '../../src/tfjs/tfjs.js'

const { CI, SETUP_TENSORFLOW, SETUP_WHEELS } = process.env
const isWanted = Boolean(CI || SETUP_TENSORFLOW) && process.platform === 'linux'
const COMMAND = fileURLToPath(new URL('../../bin/mnist-train.js', import.meta.url))

let cache: string

const mnistTrain = (...args: readonly string[]) =>
  execa(process.execPath, [COMMAND, ...args], { reject: false, env: { XDG_CACHE_HOME: cache } })
const from = SETUP_WHEELS ? ['--wheel', SETUP_WHEELS] : []
const SETUP = ['setup', 'tensorflow', '--cpu', ...from]

const folder = (): string => join(cache, 'mnist-onnx', 'tensorflow', `2.18.1-cpu-${process.platform}-${process.arch}`)

describe.runIf(isWanted)('TensorFlow set up from nothing (in CI or with SETUP_TENSORFLOW)', () => {
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'a cache of ours '))
    const { exitCode, stderr } = await mnistTrain(...SETUP)
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    process.env.XDG_CACHE_HOME = cache
  }, 240_000)

  afterAll(() => rm(cache, { recursive: true }))

  test('leaves nothing beside what it made', async () => {
    expect(await readdir(join(folder(), '..'))).toHaveLength(1)
    expect((await readdir(folder())).sort()).toEqual(['setup.json', 'tensorflow', 'tfjs-node', 'tfjs_binding.node'])
  })

  test('is quick to run again', async () => {
    const { stdout } = await mnistTrain('setup', 'tensorflow', '--cpu', '--wheel', await emptyFolder())
    expect(stdout).toMatch(/^was set up already: tfjs-node \(tfjs, TensorFlow 2\.18\.1, CPU, 1 thread\)/)
  })

  test.each([
    { network: 'lenet5', steps: 50, size: 4, learningRate: 0.6, tolerance: 1e-4 },
    { network: 'lenet5-01', steps: 50, size: 4, learningRate: 0.6, tolerance: 1e-4 },
    { network: 'lenet5-02', steps: 50, size: 4, learningRate: 0.6, tolerance: 1e-4 },
    // At 0.6 its ReLUs part after a few steps, on any two engines.
    { network: 'lenet5-03', steps: 50, size: 4, learningRate: 0.05, tolerance: 1e-4 },
    { network: 'lenet5-04', steps: 50, size: 4, learningRate: 0.005, tolerance: 1e-4 },
    { network: 'alexnet', steps: 5, size: 2, learningRate: 0.01, tolerance: 1e-3 },
    // Of its millions of ReLUs some have an input that is 0 but for rounding: the gradients part by 2 %. Those of a narrow one don't.
    { network: 'resnet18', steps: 5, size: 4, learningRate: 3e-6, tolerance: 1e-3 },
  ])('trains $network as onnx does: losses over $steps steps, to $tolerance', async (plan) => {
    await TFJS_NODE.open({ threads: 1, softwareGpu: false })
    const options = { batchSize: plan.size, seed: 1, threads: 1 }
    const expected = await losses((await openOnnxEngine(await undropped(plan.network), options)).engine, plan)
    const { core } = await loadTfjs()
    const before = core.memory().numTensors
    const found = await losses(await openTfjsEngine(await undropped(plan.network), options), plan)
    expect(core.memory().numTensors).toBe(before)
    for (const [step, loss] of expected.entries()) {
      expect(Math.abs((found[step] as number) - loss), `step ${step}`).toBeLessThan(plan.tolerance)
    }
  })

  test('has the same gradients as onnx in a ResNet of 18 layers, narrow enough for no ReLU to be in doubt, to 10⁻⁴', async () => {
    await TFJS_NODE.open({ threads: 1, softwareGpu: false })
    const tf = await loadTfjs()
    const build = (): LayersModel => {
      const model = resnet(tf, { size: 48, channels: [8, 16, 32, 64], blocksPerStage: 2 })
      setInitialWeights(tf, model, 2)
      return model
    }
    const options = { batchSize: 4, seed: 2, threads: 1 }
    const expected = await gradients((await openOnnxEngine(build(), options)).engine)
    const found = await gradients(await openTfjsEngine(build(), options))
    for (const [name, gradient] of expected) {
      const difference = gradient.map((value, index) => value - (found.get(name)?.[index] as number))
      // A convolution's bias below a batch normalization has none but rounding errors.
      expect(norm(difference), name).toBeLessThan(1e-4 * norm(gradient) + 1e-4)
    }
  })

  test.each([
    { channels: 1, filters: 6, kernel: [5, 5], stride: 1, pad: 'same' },
    { channels: 1, filters: 4, kernel: [7, 7], stride: 2, pad: 'valid' },
    { channels: 3, filters: 5, kernel: [4, 3], stride: 3, pad: 'same' },
    { channels: 8, filters: 5, kernel: [2, 3], stride: 1, pad: 'valid' },
    { channels: 9, filters: 5, kernel: [3, 3], stride: 1, pad: 'same' },
    { channels: 16, filters: 7, kernel: [3, 3], stride: 1, pad: 'same' },
    { channels: 16, filters: 7, kernel: [4, 2], stride: 1, pad: 'same' },
    { channels: 17, filters: 7, kernel: [5, 3], stride: 1, pad: 'valid' },
    { channels: 16, filters: 7, kernel: [1, 1], stride: 2, pad: 'valid' },
  ] as const)(
    'has the gradients that tfjs has in JavaScript, to 10⁻⁵, of a convolution of $channels channels, $kernel by $stride, $pad',
    async ({ channels, filters, kernel, stride, pad }) => {
      await TFJS_NODE.open({ threads: 1, softwareGpu: false })
      const { core } = await loadTfjs()
      const found = await onBackend('tensorflow')
      const expected = await onBackend('cpu')
      for (const [index, gradient] of expected.entries()) {
        const difference = gradient.map((value, place) => value - (found[index]?.[place] as number))
        expect(norm(difference)).toBeLessThan(1e-5 * norm(gradient))
      }

      async function onBackend(backend: string): Promise<Float32Array[]> {
        await core.setBackend(backend)
        const gradients = core.tidy(() => {
          const x = core.randomUniform<Rank.R4>([3, 11, 14, channels], -1, 1, 'float32', 1)
          const weights = core.randomUniform<Rank.R4>([...kernel, channels, filters], -1, 1, 'float32', 2)
          const convolve = (input: Tensor, filter: Tensor) =>
            core.conv2d(input as Tensor4D, filter as Tensor4D, stride, pad)
          const dy = core.randomUniform(convolve(x, weights).shape, -1, 1, 'float32', 3)
          return core.grads(convolve)([x, weights], dy)
        })
        return Promise.all(gradients.map((gradient) => gradient.data() as Promise<Float32Array>))
      }
    },
  )

  test('is refused in one line where its library is cut short, and built again', async () => {
    const library = join(folder(), 'tensorflow', 'libtensorflow_framework.so.2')
    // Another file in its place: this process has the first one loaded.
    await rm(library)
    await writeFile(library, new Uint8Array(1000))
    const { stderr, exitCode } = await mnistTrain('--engine', 'tfjs-node', '--data', 'synthetic', '--out', cache)
    expect(stderr).toBe(
      `mnist-train: engine tfjs-node: expected the TensorFlow that was set up to load, found ${library} has 1000 bytes ` +
        'instead of 49904616. Run: mnist-train setup tensorflow, which builds it again; --engine onnx is always there',
    )
    expect(exitCode).toBe(1)
    const again = await mnistTrain('setup', 'tensorflow', '--cpu', '--wheel', await emptyFolder())
    expect(again.stderr).toMatch(/: expected .*, found none\. Run where there is a network: /)
  })

  test('is removed by --remove', async () => {
    expect((await mnistTrain('setup', 'tensorflow', '--remove')).stdout).toBe(`tensorflow: removed ${folder()}`)
    expect(await readdir(join(folder(), '..'))).toEqual([])
    expect((await mnistTrain('setup', 'tensorflow', '--remove')).stdout).toBe('tensorflow: was not set up')
  })
})

const digits = generateDigits({ count: 64, seed: 8 })

interface Plan {
  readonly steps: number
  readonly size: number
  readonly learningRate: number
}

async function losses(engine: Engine, { steps, size, learningRate }: Plan): Promise<number[]> {
  const found: number[] = []
  for (let step = 0; step < steps; step++) {
    const begin = (step * size) % digits.count
    const images = digits.images.subarray(begin * 784, (begin + size) * 784)
    const labels = digits.labels.subarray(begin, begin + size)
    found.push((await engine.step({ images, labels, learningRate, step })).loss)
  }
  await engine.dispose()
  return found
}

/** One step at learning rate 1 moves a weight by its gradient. */
async function gradients(engine: Engine): Promise<Map<string, Float32Array>> {
  const before = await engine.state()
  await engine.step({
    images: digits.images.subarray(0, 4 * 784),
    labels: digits.labels.subarray(0, 4),
    learningRate: 1,
    step: 0,
  })
  const after = await engine.state()
  await engine.dispose()
  return new Map(
    [...before].map(([name, { values }]) => [
      name,
      values.map((value, index) => value - (after.get(name)?.values[index] as number)),
    ]),
  )
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
}

function emptyFolder(): Promise<string> {
  return mkdtemp(join(cache, 'empty '))
}

/** Engines draw different masks for dropout, so that none is dropped here. */
async function undropped(network: string): Promise<LayersModel> {
  const model = await buildNetwork(network, 1)
  for (const layer of model.layers) if (layer.getClassName() === 'Dropout') Object.assign(layer, { rate: 0 })
  return model
}
