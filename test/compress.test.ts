import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { DataType, decodeModel, encodeModel, floatTensor, floatValues, type Model, readMetadata } from 'mnist-export'
import { GraphBuilder } from 'mnist-export/graph'
import { verifyModel } from 'mnist-infer'
import { createRandom, loadTestDigits } from 'mnist-infer/mnist'
import { dump } from 'npyjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start } from './support/commands.js'
import { writeDigits } from './support/digits.js'
import { templateModel } from './support/template-model.js'

let folder: string
let data: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compression of models '))
  data = await writeDigits(join(folder, 'some digits'), { train: 300, test: 500 })
  const bytes = templateModel({ metadata: { 'mnist.network': 'template', 'mnist.test_accuracy': '0.5' } })
  await writeFile(join(folder, 'model.onnx'), bytes)
  await writeFile(join(folder, 'delicate.onnx'), encodeModel(delicate(decodeModel(bytes))))
})

afterAll(() => rm(folder, { recursive: true }))

/**
 * The same digits in exact arithmetic: each weight is larger by 200 in every class, so that every logit is by the same amount. In 8 bits
 * such weights are all alike.
 */
function delicate(model: Model): Model {
  const initializers = model.graph.initializers.map((tensor) =>
    tensor.name === 'means'
      ? floatTensor(
          tensor.name,
          tensor.dims,
          floatValues(tensor).map((value) => value + 200),
        )
      : tensor,
  )
  return { ...model, graph: { ...model.graph, initializers } }
}

const run = (...args: string[]) => start('mnist-export', args, { cwd: folder })

describe('mnist-export --precision', () => {
  test.each(['fp16', 'int8', 'int8-weights', 'int4'])(
    'writes %s past the gate, with its measured accuracy, which mnist-infer measures too',
    async (precision) => {
      const file = `${precision}.onnx`
      const { stdout, stderr, exitCode } = await run(
        'model.onnx',
        '-o',
        file,
        '--precision',
        precision,
        '--data',
        data,
        '--max-accuracy-drop',
        // Five pictures of 500: the least drop that says more than chance.
        '1',
        '--json',
      )
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
      const { bytes, compression } = JSON.parse(stdout)
      expect(compression).toMatchObject({ precision, data: expect.stringContaining('some digits') })
      expect(bytes / compression.bytesBefore).toBeLessThan(0.6)
      expect(compression.accuracyBefore - compression.accuracyAfter).toBeLessThanOrEqual(0.01)
      const path = join(folder, file)
      expect(readMetadata(await readFile(path))).toMatchObject({
        'mnist.network': 'template',
        'mnist.precision': precision,
        'mnist.test_accuracy': String(compression.accuracyAfter),
      })
      const { test: digits } = await loadTestDigits({ data })
      const { correct, total } = await verifyModel(path, digits, { provider: 'cpu' })
      expect(correct / total).toBe(compression.accuracyAfter)
    },
  )

  test('writes nothing where the accuracy falls by more than it may', async () => {
    const { stdout, stderr, exitCode } = await run(
      'delicate.onnx',
      '-o',
      'no.onnx',
      '--precision',
      'int8-weights',
      '--data',
      data,
    )
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr).toMatch(
      /^mnist-export: int8-weights: expected at most 0.1 points less than the [\d.]+ % before, found [\d.]+ %, [\d.]+ points less: take a/,
    )
    expect(await readdir(folder)).not.toContain('no.onnx')
  })

  test('writes it all the same where the user allows the loss, or goes without the measurement', async () => {
    const common = ['delicate.onnx', '--precision', 'int8-weights']
    const allowed = await run(...common, '-o', 'allowed.onnx', '--data', data, '--max-accuracy-drop', '100')
    expect({ stderr: allowed.stderr, exitCode: allowed.exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(allowed.stdout).toMatch(
      /^size {8}[\d,]+ → [\d,]+ bytes, \d\d\.\d %\naccuracy {4}[\d.]+ % → [\d.]+ %, on digits of/m,
    )
    const unmeasured = await run(...common, '-o', 'unmeasured.onnx', '--data', 'none')
    expect({ stderr: unmeasured.stderr, exitCode: unmeasured.exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(unmeasured.stdout).toMatch(/^accuracy {4}not measured$/m)
    // What was not measured is not claimed anew.
    expect(readMetadata(await readFile(join(folder, 'unmeasured.onnx')))['mnist.test_accuracy']).toBeUndefined()
  })

  test.each<[string, string[], number, RegExp]>([
    [
      'int8 without pictures',
      ['--precision', 'int8', '--data', 'none'],
      2,
      /^--data none: expected examples to calibrate int8 with/,
    ],
    [
      'fp32, which is what it is',
      [],
      2,
      /^model.onnx: expected a --precision to compress an .onnx file to, found fp32$/,
    ],
    [
      'half arithmetic in int8',
      ['--precision', 'int8', '--fp16-compute'],
      2,
      /^--fp16-compute: expected --precision fp16/,
    ],
    [
      'a negative loss',
      ['--precision', 'int4', '--max-accuracy-drop', '-1'],
      2,
      /^--max-accuracy-drop: expected points/,
    ],
    ['a conversion’s option', ['--precision', 'int4', '--nchw'], 2, /^--nchw: expected a LayersModel to convert/],
    [
      'a precision that there is not',
      ['--precision', 'int2'],
      2,
      /^Invalid values: Argument: precision, Given: "int2"/,
    ],
    [
      'labels of nothing',
      ['--precision', 'int8', '--labels', 'labels.npy'],
      2,
      /^--labels: expected --data with the .npy file that they belong to, found auto$/,
    ],
    ['a folder without digits', ['--precision', 'int4', '--data', 'nowhere'], 1, /^nowhere: expected a folder with/],
  ])('refuses %s', async (_, options, status, message) => {
    const { stdout, stderr, exitCode } = await run('model.onnx', '-o', 'x.onnx', ...options)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: status })
    expect(stderr.replace(/^mnist-export: /, '')).toMatch(message)
    expect(await readdir(folder)).not.toContain('x.onnx')
  })

  test.runIf(process.env.ORACLE_PYTHON)(
    'reads as many digits right in Python’s onnxruntime, within two pictures of a thousand (needs ORACLE_PYTHON)',
    async () => {
      const names = ['fp16', 'int8', 'int8-weights', 'int4'].map((precision) => `${precision}.onnx`)
      const script = new URL('oracle/accuracy.py', import.meta.url).pathname
      const { stdout } = await execa(process.env.ORACLE_PYTHON as string, [script, data, ...names], { cwd: folder })
      for (const [index, accuracy] of (JSON.parse(stdout) as number[]).entries()) {
        const metadata = readMetadata(await readFile(join(folder, names[index] as string)))
        expect(Math.abs(accuracy - Number(metadata['mnist.test_accuracy']))).toBeLessThanOrEqual(0.002)
      }
    },
  )
})

describe('mnist-export --precision of a classifier of anything, on examples of its own', () => {
  const FEATURES = 40
  const CLASSES = 5

  /** Scores by random planes; the right class is that of the largest score, so that fp32 makes no mistake. */
  beforeAll(async () => {
    const random = createRandom(3)
    const signed = (length: number) => Float32Array.from({ length }, () => random() * 2 - 1)
    const weights = signed(FEATURES * CLASSES)
    const g = new GraphBuilder('flowers')
    const input = g.input({ name: 'measured', dataType: DataType.FLOAT, shape: ['n', FEATURES] })
    g.output(
      g.op('MatMul', [input, g.initializer(floatTensor('w', [FEATURES, CLASSES], weights))], { outputs: ['kind'] }),
    )
    const model = { irVersion: 8, opsets: { '': 17 }, producerName: 'test', producerVersion: '', domain: '' }
    const bytes = encodeModel({ ...model, modelVersion: 1, docString: '', graph: g.graph(), metadata: {} })
    await writeFile(join(folder, 'flowers.onnx'), bytes)

    const count = 600
    const inputs = signed(count * FEATURES)
    const labels = BigInt64Array.from({ length: count }, (_, row) => {
      const scores = Array.from({ length: CLASSES }, (_, column) => {
        let sum = 0
        for (const [k, value] of inputs.subarray(row * FEATURES, (row + 1) * FEATURES).entries()) {
          sum += value * (weights[k * CLASSES + column] as number)
        }
        return sum
      })
      return BigInt(scores.indexOf(Math.max(...scores)))
    })
    const write = (name: string, ...array: Parameters<typeof dump>) =>
      writeFile(join(folder, name), new Uint8Array(dump(...array)))
    await write('inputs.npy', inputs, [count, FEATURES])
    await write('labels.npy', labels, [count])
    await write(
      'wrong.npy',
      labels.map((label) => (label + 1n) % 5n),
      [count],
    )
    await write('few.npy', labels.subarray(0, 7), [7])
    await write('wide.npy', inputs, [count / 2, 2 * FEATURES])
  })

  const compress = (...options: string[]) =>
    run('flowers.onnx', '-o', 'small.onnx', '--precision', 'int8', '--data', 'inputs.npy', '--json', ...options)

  test('calibrates on some and measures on the others, by the labels', async () => {
    const { stdout, stderr } = await compress('--labels', 'labels.npy', '--max-accuracy-drop', '3')
    expect(stderr).toBe('')
    const { compression } = JSON.parse(stdout)
    expect(compression).toMatchObject({ precision: 'int8', data: '344 examples of inputs.npy', accuracyBefore: 1 })
    expect(compression.accuracyAfter).toBeGreaterThan(0.97)
    const { graph, metadata } = decodeModel(await readFile(join(folder, 'small.onnx')))
    expect(graph.nodes.map(({ opType }) => opType)).toContain('QuantizeLinear')
    // A claim on digits is none of such a model.
    expect(metadata['mnist.test_accuracy']).toBeUndefined()
  })

  test('measures against what fp32 answers where there are no labels', async () => {
    const { stdout } = await compress('--max-accuracy-drop', '3')
    const labelled = await compress('--labels', 'labels.npy', '--max-accuracy-drop', '3')
    const [one, other] = [stdout, labelled.stdout].map((text) => JSON.parse(text).compression)
    expect(one).toEqual({ ...other, data: '344 examples of inputs.npy against what fp32 answers' })
  })

  test('believes the labels', async () => {
    const { stdout } = await compress('--labels', 'wrong.npy')
    expect(JSON.parse(stdout).compression.accuracyBefore).toBe(0)
  })

  test.each<[string, string[], RegExp]>([
    [
      'too few labels',
      ['--data', 'inputs.npy', '--labels', 'few.npy'],
      /few.npy: expected a label for each of the 600 examples of inputs.npy, found 7/,
    ],
    [
      'rows of another width',
      ['--data', 'wide.npy'],
      /examples: expected \[count, 40\] as the model's input measured, found/,
    ],
    ['a file that is not there', ['--data', 'none.npy'], /none.npy: expected an .npy file, found nothing there/],
    [
      'a file of another kind',
      ['--data', 'model.npy'],
      /model.npy: expected an .npy file, found none that can be read/,
    ],
  ])('refuses %s', async (_, options, message) => {
    await copyFile(join(folder, 'model.onnx'), join(folder, 'model.npy'))
    const { stdout, stderr, exitCode } = await run('flowers.onnx', '-o', 'x.onnx', '--precision', 'int8', ...options)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr).toMatch(message)
    expect(await readdir(folder)).not.toContain('x.onnx')
  })
})
