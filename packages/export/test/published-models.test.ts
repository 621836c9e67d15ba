import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { relativeError, runOnnx, runTfjs } from '../src/cli/check/compare.js'
import { loadRuntimes, loadTfModel } from '../src/cli/check/runtimes.js'
import { readHandlers } from '../src/cli/handlers-file.js'
import { exportLayersModel } from '../src/export.js'
import { readLayersModel } from '../src/files/index.js'

const run = promisify(execFile)
const COMMAND = fileURLToPath(new URL('../bin/mnist-export.js', import.meta.url))
const ESRGAN_HANDLERS = fileURLToPath(new URL('support/esrgan-handlers.js', import.meta.url))

/** Models of other people, as they publish them on npm: 41 MB in all. */
const PACKAGES = {
  /** Enlarges pictures of any size; tfjs converter 2.8, Keras 2.4. */
  '@upscalerjs/default-model@1.0.0':
    'D17cokQBpciTBrlFuY5WtS7TH0WE3h5m44PYiPPCSq1jlWjG9BvH5/rnm9AhQPV6TT3Bqbg5GAPV8/qpR47/hQ==',
  /** The same with 476 layers, some of its own. */
  '@upscalerjs/esrgan-legacy@1.0.0':
    '05gqt3U2BH/d2jq8Oy13QPk8JPZrK6ylhaqGiIThHiOtkld+0xDTXl6FavhObPwODq0hal6m/AlEaHKv35pD8Q==',
  /** MobileNet V2 with weights of 8 bits, as JavaScript modules. */
  'nsfwjs@4.4.0': 'krC1fgeTLXtZwgdpKJ0jm7hqv0gTSRQQRL+FhOaxaJ9Wj92t42BO3csO2odwgTAgZgf2RvkwPtp0R8Aa7dc+MA==',
  /** A GraphModel. */
  '@codingame/vscode-languagedetection@1.0.23':
    'PqMisj1WEb1d9YtFapOjDQYACq8HD3f5/d+tFfZltsqAomGvoQxl7LBtftPUDT4zpvxls0IsJHiWrR/wvwyuzg==',
} as const

describe.runIf(process.env.CI)('models that others published on npm (fetched in CI only)', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'published-models-'))
  })

  afterAll(() => rm(folder, { recursive: true }))

  /** The folder of the package's files. */
  async function unpacked(name: keyof typeof PACKAGES): Promise<string> {
    const { stdout } = await run('npm', ['pack', name, '--json', '--prefer-offline'], { cwd: folder })
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    const archive = join(folder, filename)
    expect(
      createHash('sha512')
        .update(await readFile(archive))
        .digest('base64'),
    ).toBe(PACKAGES[name])
    const target = join(folder, filename.replace(/\.tgz$/, ''))
    await mkdir(target)
    await run('tar', ['xzf', archive, '-C', target, '--strip-components=1'])
    return target
  }

  const convert = (...args: string[]) => run(process.execPath, [COMMAND, ...args], { cwd: folder })

  test('@upscalerjs/default-model, for pictures of any size, agrees with TensorFlow.js', async () => {
    const model = join(await unpacked('@upscalerjs/default-model@1.0.0'), 'models', 'model.json')
    const { stdout } = await convert(model, '-o', 'upscaled.onnx', '--check')
    expect(stdout).toContain('outputs     SR float32 [batch, LR_1*2, LR_2*2, 3]')
    expect(stdout).toMatch(/^check {7}agrees with TensorFlow.js/m)
  })

  test("nsfwjs's MobileNet V2, its weights quantised to 8 bits, agrees with TensorFlow.js", async () => {
    const modules = join(await unpacked('nsfwjs@4.4.0'), 'dist', 'models', 'mobilenet_v2')
    const require = createRequire(join(modules, 'model.min.js'))
    const target = join(folder, 'mobilenet')
    await mkdir(target)
    await writeFile(join(target, 'model.json'), JSON.stringify(require('./model.min.js')))
    const shard: string = require('./group1-shard1of1.min.js')
    await writeFile(join(target, 'group1-shard1of1'), Buffer.from(shard, 'base64'))

    const { stdout } = await convert(target, '-o', 'mobilenet.onnx', '--check')
    expect(stdout).toMatch(/^check {7}agrees with TensorFlow.js/m)
    expect(stdout).toMatch(/^passes {6}fuse-padding 5, fold-batch-normalization 52$/m)
  })

  test('@upscalerjs/esrgan-legacy, with layers of its own, agrees with TensorFlow.js by --handlers', async () => {
    const model = join(await unpacked('@upscalerjs/esrgan-legacy@1.0.0'), 'models', 'gans')
    const { stdout } = await convert(model, '-o', 'esrgan.onnx', '--handlers', ESRGAN_HANDLERS)
    expect(stdout).toContain('layers      476')

    // What --check does, on a picture that is smaller: four million weights for each pixel take their time in JavaScript.
    const { handlers, register } = await readHandlers(ESRGAN_HANDLERS)
    const runtimes = loadRuntimes()
    register?.({ ...runtimes.core, ...runtimes.layers })
    const { artifacts } = await readLayersModel(model)
    const values = Float32Array.from({ length: 6 * 5 * 3 }, (_, index) => (Math.sin(index) + 1) / 2)
    const inputs = [{ dtype: 'float32', shape: [1, 6, 5, 3], values }]
    const [expected] = await runTfjs(await loadTfModel(artifacts, runtimes), inputs, runtimes)
    const [found] = await runOnnx(await exportLayersModel(artifacts, { handlers }), inputs, runtimes)
    expect(found?.shape).toEqual([1, 24, 20, 3])
    expect(expected && found && relativeError(expected, found)).toBeLessThan(1e-4)
  })

  test('@codingame/vscode-languagedetection, a GraphModel, is refused, with what to do', async () => {
    const model = join(await unpacked('@codingame/vscode-languagedetection@1.0.23'), 'model')
    const remedy =
      'convert the Keras model that it was made of with tensorflowjs_converter --output_format=tfjs_layers_model, or, ' +
      'where there is only a SavedModel, that one with tf2onnx'
    await expect(convert(model, '-o', 'guess.onnx')).rejects.toMatchObject({
      code: 1,
      stderr: `mnist-export: ${join(model, 'model.json')}: expected a LayersModel, found a GraphModel; ${remedy}\n`,
    })
  })
})
