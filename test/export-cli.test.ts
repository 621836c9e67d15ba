import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as TfCore from '@tensorflow/tfjs-core'
import type * as TfLayers from '@tensorflow/tfjs-layers'
import { execa } from 'execa'
import { decodeModel, encodeModel, readMetadata } from 'mnist-export'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, start } from './support/commands.js'

// tfjs's ESM entry points do not resolve in Node.
const require = createRequire(join(ROOT, 'packages', 'export', 'package.json'))
const tf = require('@tensorflow/tfjs-core') as typeof TfCore
const layers = require('@tensorflow/tfjs-layers') as typeof TfLayers
require('@tensorflow/tfjs-backend-cpu')

let folder: string
/** A LayersModel's folder, and a run's. */
let model: string
let run: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export of models '))
  model = join(folder, 'a model')
  run = join(folder, 'a run')
  const network = lenet()
  await save(network, model)
  await save(network, join(run, 'model'))
  const settings = { network: 'lenet5', recipe: 'quick', epochs: 3, batchSize: 256, learningRate: 0.9, seed: 7 }
  const data = { option: 'synthetic', description: 'generated digits', sha256: '0' }
  const history = [{ epoch: 0, loss: 2, trainAccuracy: 0.5, testAccuracy: 0.625 }]
  await writeFile(
    join(run, 'run.json'),
    JSON.stringify({ settings: { ...settings, data }, status: 'finished', history, events: [] }),
  )
})

afterAll(() => rm(folder, { recursive: true }))

/** LeNet-like, 28×28×1 to 10, its weights no two alike. */
function lenet(): TfLayers.LayersModel {
  const { conv2d, averagePooling2d, batchNormalization, flatten, dense } = layers.layers
  const network = layers.sequential({
    name: 'small',
    layers: [
      conv2d({ inputShape: [28, 28, 1], filters: 4, kernelSize: 5, activation: 'sigmoid', name: 'conv1' }),
      averagePooling2d({ poolSize: 2, name: 'pool1' }),
      conv2d({ filters: 4, kernelSize: 3, name: 'conv2' }),
      batchNormalization({ name: 'norm' }),
      flatten({ name: 'flat' }),
      dense({ units: 10, name: 'dense' }),
    ],
  })
  // Positive: a variance is among them.
  network.setWeights(
    network.weights.map(({ shape }, index) => tf.randomUniform(shape as number[], 0.01, 0.1, 'float32', index + 1)),
  )
  return network
}

async function save(network: TfLayers.LayersModel, target: string): Promise<void> {
  await mkdir(target, { recursive: true })
  await network.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const paths = ['weights.bin']
      const json = { format: 'layers-model', modelTopology, weightsManifest: [{ paths, weights: weightSpecs }] }
      await writeFile(join(target, 'weights.bin'), Buffer.from(weightData as ArrayBuffer))
      await writeFile(join(target, 'model.json'), JSON.stringify(json))
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
}

/** Runs the command where the models are; fails unless it ends well and says nothing on standard error. */
async function succeed(...args: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await start('mnist-export', args, { cwd: folder })
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  return stdout
}

const read = async (name: string) => decodeModel(await readFile(join(folder, name)))

describe('mnist-export', () => {
  test('writes a LayersModel in tfjs’s own layout and names, and prints a summary', async () => {
    const stdout = await succeed('a model', '-o', 'plain.onnx')
    const { graph } = await read('plain.onnx')
    expect(graph.inputs).toMatchObject([{ name: 'conv1_input', shape: ['batch', 28, 28, 1] }])
    expect(graph.outputs).toMatchObject([{ name: 'dense', shape: ['batch', 10] }])
    const { size } = await stat(join(folder, 'plain.onnx'))
    const rows = Object.fromEntries(stdout.split('\n').map((line) => line.split(/ {2,}/) as [string, string]))
    expect(rows).toMatchObject({
      source: join('a model', 'model.json'),
      file: `plain.onnx, ${size.toLocaleString('en-US')} bytes`,
      layers: '6',
      // 5·5·4 + 4, 3·3·4·4 + 4, 400·10 + 10; the normalization is folded
      parameters: '4,262',
      inputs: 'conv1_input float32 [batch, 28, 28, 1]',
      outputs: 'dense float32 [batch, 10]',
      passes: expect.stringContaining('fold-batch-normalization 1'),
    })
  })

  test('writes a run by the contract of digit models, its facts in the metadata', async () => {
    const outcome = JSON.parse(await succeed('a run', '-o', 'run.onnx', '--json'))
    expect(outcome).toMatchObject({
      name: 'lenet5',
      inputs: { image: 'float32 [batch, 1, 28, 28]' },
      outputs: { logits: 'float32 [batch, 10]', probabilities: 'float32 [batch, 10]' },
      warnings: [],
    })
    const { graph } = await read('run.onnx')
    expect(graph.inputs[0]).toMatchObject({
      denotation: 'IMAGE',
      dimensionDenotations: ['DATA_BATCH', 'DATA_CHANNEL', 'DATA_FEATURE', 'DATA_FEATURE'],
    })
    expect(readMetadata(await readFile(join(folder, 'run.onnx')))).toEqual({
      model_author: 'mnist-onnx',
      model_license: 'MIT',
      'Image.BitmapPixelFormat': 'Gray8',
      'Image.NominalPixelRange': 'Normalized_0_1',
      'mnist.network': 'lenet5',
      'mnist.recipe': 'quick',
      'mnist.epochs': '1',
      'mnist.dataset': 'generated digits',
      'mnist.seed': '7',
      'mnist.test_accuracy': '0.625',
      'mnist.input': '{"size":[28,28],"ink":1,"paper":0,"framing":"mnist"}',
    })
  })

  test('obeys --nchw, --name and --no-pass', async () => {
    const passes = ['--no-pass', 'fold-batch-normalization', '--no-pass', 'share-constants']
    await succeed('a model', '-o', 'options.onnx', '--nchw', '--name', 'other', ...passes)
    const { graph } = await read('options.onnx')
    expect(graph.name).toBe('other')
    expect(graph.inputs[0]?.shape).toEqual(['batch', 1, 28, 28])
    expect(graph.nodes.map(({ opType }) => opType)).toContain('BatchNormalization')
  })

  test('writes the training-step graph too, which names every parameter', async () => {
    await succeed('a run', '-o', 'both.onnx', '--training')
    const step = await read('both.train.onnx')
    const inputs = step.graph.inputs.map(({ name }) => name)
    expect(inputs).toEqual(expect.arrayContaining(['image', 'label', 'learning_rate', 'conv1.weight', 'dense.bias']))
    expect(step.graph.outputs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['loss', 'correct', 'conv1.weight.next', 'dense.bias.next']),
    )
    expect(step.graph.nodes.every(({ domain }) => domain === '')).toBe(true)
  })

  test('checks the file against TensorFlow.js on random input', async () => {
    const { check } = JSON.parse(await succeed('a run', '-o', 'checked.onnx', '--check', '--json'))
    expect(check).toMatchObject({ passed: true, errors: { logits: expect.any(Number) } })
    expect(check.errors.logits).toBeLessThan(1e-5)
  })

  test('replaces what was there, through a link, and leaves nothing else beside it', async () => {
    const place = join(folder, 'replaced')
    await mkdir(place)
    await writeFile(join(place, 'real.onnx'), 'old')
    await symlink('real.onnx', join(place, 'link.onnx'))
    await succeed('a model', '-o', join(place, 'link.onnx'))
    expect((await readdir(place)).sort()).toEqual(['link.onnx', 'real.onnx'])
    expect(decodeModel(await readFile(join(place, 'real.onnx'))).graph.name).toBe('small')
  })

  test('warns of weights that are not finite, and goes on', async () => {
    const spoilt = join(folder, 'spoilt')
    await save(lenet(), spoilt)
    const weights = await readFile(join(spoilt, 'weights.bin'))
    weights.writeFloatLE(Number.NaN, 0)
    await writeFile(join(spoilt, 'weights.bin'), weights)
    const { exitCode, stderr } = await start('mnist-export', ['spoilt', '-o', 'spoilt.onnx'], { cwd: folder })
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: 'mnist-export: warning: conv1/kernel holds values that are not finite',
    })
  })

  test.runIf(process.env.ORACLE_PYTHON)(
    'writes what the Python onnx checker accepts, the training step too (needs ORACLE_PYTHON)',
    async () => {
      await succeed('a run', '-o', 'oracle.onnx', '--training')
      const script = join(ROOT, 'test', 'oracle', 'check_models.py')
      const files = ['oracle.onnx', 'oracle.train.onnx'].map((name) => join(folder, name))
      const { stdout } = await execa(process.env.ORACLE_PYTHON as string, [script, ...files])
      const [inference, step] = JSON.parse(stdout)
      expect(inference.outputs).toEqual({ logits: ['batch', 10], probabilities: ['batch', 10] })
      expect(step.outputs).toMatchObject({ loss: [], 'conv1.weight.next': [4, 1, 5, 5] })
    },
  )
})

describe('mnist-export show, diff and training', () => {
  beforeAll(async () => {
    await succeed('a model', '-o', 'a.onnx', '--nchw')
    await succeed('a model', '-o', 'b.onnx', '--nchw', '--no-pass', 'fold-batch-normalization')
  })

  test('show prints the nodes and the totals, as text or JSON', async () => {
    const text = await succeed('show', 'a.onnx')
    expect(text).toMatch(/^conv1\/Conv +Conv +conv1\/Conv.out \[batch, 4, 24, 24\] +104 /m)
    expect(text).toMatch(/ 4,262 parameters, [\d,]+ FLOPs, [\d,]+ bytes of constants$/)
    expect(JSON.parse(await succeed('show', 'a.onnx', '--json')).totals.parameters).toBe(4262)
  })

  test('show and diff take a LayersModel for the graph that it becomes', async () => {
    expect(await succeed('show', 'a model')).toMatch(/^model small: IR 8, opset ai.onnx 17, /)
    expect(await succeed('diff', 'a model', join('a model', 'model.json'))).toBe('')
  })

  test('diff says nothing of equal files, and what differs with exit status 1', async () => {
    expect(await succeed('diff', 'a.onnx', 'a.onnx')).toBe('')
    const { exitCode, stdout, stderr } = await start('mnist-export', ['diff', 'a.onnx', 'b.onnx'], { cwd: folder })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
    expect(stdout).toMatch(/^\+ node norm\/BatchNormalization: BatchNormalization \(/m)
  })

  test.each(['a.onnx', 'a model'])(
    'training trains only the weights that the pattern names, from %s',
    async (source) => {
      await succeed('training', source, '-o', 'head.onnx', '--trainable', 'dense.*')
      const { graph } = await read('head.onnx')
      const updated = graph.outputs.map(({ name }) => name).filter((name) => name.endsWith('.next'))
      expect(updated.sort()).toEqual(['dense.bias.next', 'dense.weight.next'])
      expect(graph.nodes.map(({ opType }) => opType)).not.toContain('ConvTranspose')
    },
  )

  test('training takes another loss and optimizer', async () => {
    const stdout = await succeed(
      ...['training', 'a.onnx', '-o', 'adam.onnx', '--loss', 'mean-squared-error', '--optimizer', 'adam', '--json'],
    )
    expect(JSON.parse(stdout).inputs).toMatchObject({
      label: 'float32 [batch, 10]',
      'dense.bias.adam_m': 'float32 [10]',
    })
  })
})

describe('mnist-export refuses in one line, without a stack trace or a file', () => {
  beforeAll(async () => {
    const bad = join(folder, 'bad')
    await mkdir(join(bad, 'empty folder'), { recursive: true })
    await writeFile(join(bad, 'empty.json'), '')
    await writeFile(join(bad, 'cut.json'), (await readFile(join(model, 'model.json'))).subarray(0, 400))
    await writeFile(join(bad, 'random.json'), Buffer.from([0x80, 0xff, 0, 1, 2, 3]))
    await writeFile(join(bad, 'list.json'), '[1, 2]')
    await writeFile(join(bad, 'deep.json'), `{"modelTopology": ${'['.repeat(1e6)}${']'.repeat(1e6)}}`)
    await writeFile(join(bad, 'big.json'), '')
    await truncate(join(bad, 'big.json'), 100e6)
    await writeFile(join(bad, 'graph.json'), '{"format": "graph-model", "modelTopology": {}}')
    for (const [name, change] of Object.entries(SHARDS)) {
      await save(lenet(), join(bad, name))
      await change(join(bad, name))
    }
    await writeFile(join(bad, 'random.onnx'), Buffer.from([0x80, 0xff, 0, 1, 2, 3]))
    await writeFile(join(bad, 'empty.onnx'), '')
    const whole = await start('mnist-export', ['a model', '-o', 'bad/cut.onnx'], { cwd: folder })
    expect(whole.exitCode).toBe(0)
    const later = decodeModel(await readFile(join(bad, 'cut.onnx')))
    await writeFile(join(bad, 'opset.onnx'), encodeModel({ ...later, opsets: { '': 21 } }))
    await truncate(join(bad, 'cut.onnx'), 3000)
  })

  test.concurrent.each<[args: string[], status: number, message: RegExp]>([
    [[], 2, /^Not enough non-option arguments/],
    [['a model'], 2, /^Missing required argument: output/],
    [['a model', '-o', 'x.onnx', '--fast'], 2, /^Unknown argument: fast/],
    [['a model', 'more', '-o', 'x.onnx'], 2, /^Unknown argument: more/],
    [['a model', '-o', 'x.onnx', '-o', 'y.onnx'], 2, /^--output: expected it once/],
    [['a model', '-o', 'x.onnx', '--no-pass', 'magic'], 2, /^--no-pass magic: expected one of eliminate-identity, /],
    [['a model', '-o', 'x.onnx', '--precision', 'int8', '--check'], 2, /^--check: expected --precision fp32/],
    [['training', 'a model', '-o', 'x.onnx', '--loss', 'magic'], 2, /^Invalid values: .*loss/],
    [['training', 'a model', '-o', 'x.onnx', '--trainable', 'zz*'], 2, /^--trainable zz\*: expected a name or pattern/],
    [['a model', '-o', 'a model/model.json'], 2, /^a model\/model.json: expected another file than the source/],
    [['a model', '-o', 'a model/weights.bin'], 2, /^a model\/weights.bin: expected another file than the source/],
    [['a model', '-o', 'a run'], 1, /^a run: expected a file to write, found a folder/],
    [['a model', '-o', 'not there/x.onnx'], 1, /^not there\/x.onnx: expected a folder .* to write into, found none/],
    [['nowhere', '-o', 'x.onnx'], 1, /^nowhere: expected a model.json, its folder or a run, found nothing there/],
    [['bad/empty folder', '-o', 'x.onnx'], 1, /expected model.json or model\/model.json in this folder, found neither/],
    [['bad/empty.json', '-o', 'x.onnx'], 1, /^bad\/empty.json: .* found an empty file/],
    [['bad/cut.json', '-o', 'x.onnx'], 1, /^bad\/cut.json: .* found text that is not JSON/],
    [['bad/random.json', '-o', 'x.onnx'], 1, /^bad\/random.json: .* found text that is not JSON/],
    [['bad/list.json', '-o', 'x.onnx'], 1, /^bad\/list.json: expected the JSON of a LayersModel, found \[1,2\]/],
    [['bad/deep.json', '-o', 'x.onnx'], 1, /^bad\/deep.json: expected JSON nested at most 1000 deep, found deeper/],
    [['bad/big.json', '-o', 'x.onnx'], 1, /^bad\/big.json: expected a model.json of at most \d+ bytes/],
    [['bad/graph.json', '-o', 'x.onnx'], 1, /^bad\/graph.json: expected a LayersModel, found a GraphModel/],
    [['bad/missing', '-o', 'x.onnx'], 1, /weights.bin: expected a shard of the model, found nothing there/],
    [['bad/short', '-o', 'x.onnx'], 1, /expected \d+ bytes as the manifest declares, found 100$/],
    [
      ['bad/outside', '-o', 'x.onnx'],
      1,
      /^shard \.\.\/short\/weights.bin: expected a path within .*, found one that leaves it/,
    ],
    [['bad/link', '-o', 'x.onnx'], 1, /^shard weights.bin: expected a path within .*, found one that leaves it/],
    [['bad/folder', '-o', 'x.onnx'], 1, /weights.bin: expected a shard of the model, found no file/],
    [['a model', '-o'], 2, /^Not enough arguments following: o. 'mnist-export --help' lists what there is/],
    [['show', 'nowhere.onnx'], 1, /^nowhere.onnx: expected an .onnx file, found nothing there/],
    [['show', 'bad'], 1, /^bad: expected model.json or model\/model.json in this folder, found neither/],
    [['show', 'bad/empty.onnx'], 1, /^bad\/empty.onnx: expected an ONNX model, found an empty file/],
    [['show', 'bad/random.onnx'], 1, /^bad\/random.onnx: expected an ONNX model, found other or damaged bytes/],
    [
      ['diff', 'bad/cut.onnx', 'bad/cut.onnx'],
      1,
      /^bad\/cut.onnx: expected an ONNX model, found other or damaged bytes/,
    ],
    [['training', 'bad/opset.onnx', '-o', 'x.onnx'], 1, /^bad\/opset.onnx: expected opset 13 to 17, found 21; /],
    [['training', 'bad/cut.onnx', '-o', 'x.onnx'], 1, /^bad\/cut.onnx: expected an ONNX model/],
  ])('%j', async (args, status, message) => {
    const { exitCode, stdout, stderr } = await start('mnist-export', args, { cwd: folder })
    expect({ exitCode, stdout }).toEqual({ exitCode: status, stdout: '' })
    expect(stderr).toMatch(/^mnist-export: [^\n]+$/)
    expect(stderr.slice('mnist-export: '.length)).toMatch(message)
  })

  test('and none of these has left a file', async () => {
    expect((await readdir(folder)).filter((name) => /^[xy]\.onnx|tmp$/.test(name))).toEqual([])
  })
})

/** What is done to the shards of a model, by the name of its folder. */
const SHARDS: Readonly<Record<string, (place: string) => Promise<unknown>>> = {
  missing: (place) => rm(join(place, 'weights.bin')),
  short: (place) => truncate(join(place, 'weights.bin'), 100),
  outside: async (place) => {
    const json = (await readFile(join(place, 'model.json'), 'utf8')).replace('"weights.bin"', '"../short/weights.bin"')
    await writeFile(join(place, 'model.json'), json)
  },
  link: async (place) => {
    await rm(join(place, 'weights.bin'))
    await symlink(join(folder, 'a model', 'weights.bin'), join(place, 'weights.bin'))
  },
  folder: async (place) => {
    await rm(join(place, 'weights.bin'))
    await mkdir(join(place, 'weights.bin'))
  },
}
