import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readMetadata } from 'mnist-export'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { start } from './support/commands.js'
import { writeDigits } from './support/digits.js'

let folder: string
let data: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'release of runs '))
  data = await writeDigits(join(folder, 'digits'), { train: 100, test: 60 })
  const short = ['--epochs', '1', '--batch-size', '50', '--threads', '1', '--engine', 'onnx']
  const { exitCode } = await start('mnist-train', ['lenet5', ...short, '--data', data], { cwd: folder })
  expect(exitCode).toBe(0)
}, 120_000)

afterAll(() => rm(folder, { recursive: true }))

test('mnist-train release compresses, and its card tells of the file as it is and of the fp32 one', async () => {
  const sizes: Record<string, string> = {}
  for (const options of [[], ['--precision', 'fp16']]) {
    const { stderr, exitCode } = await start('mnist-train', ['release', 'lenet5', '--data', data, ...options], {
      cwd: folder,
    })
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    const card = await readFile(join(folder, 'models', 'lenet5.md'), 'utf8')
    const bytes = await readFile(join(folder, 'models', 'lenet5.onnx'))
    const rows = new Map(
      card
        .split('\n')
        .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')) as [string, string]),
    )
    const precision = rows.get('precision') as string
    sizes[precision.split(';')[0] as string] = bytes.length.toLocaleString('en-US')
    expect(rows.get('file')).toBe(`\`lenet5.onnx\`, ${bytes.length.toLocaleString('en-US')} bytes`)
    const metadata = readMetadata(bytes)
    if (options.length === 0) {
      expect(precision).toBe('fp32')
      continue
    }
    expect(precision).toMatch(new RegExp(`^fp16; the fp32 file has ${sizes.fp32} bytes and [\\d.]+ %$`))
    const correct = Math.round(60 * Number(metadata['mnist.test_accuracy']))
    expect(rows.get('test accuracy, from this file')).toContain(`(${correct} of 60)`)
    expect(metadata['mnist.precision']).toBe('fp16')
  }
})

test('mnist-train release --recipe names the model after it, with its confidence fitted: what the card says is what verify finds', async () => {
  const models = join(folder, 'models of a recipe')
  const run = (args: readonly string[]) => start('mnist-train', [...args, '--data', data], { cwd: folder })
  const missing = await run(['release', 'lenet5-03', '--recipe', 'robust'])
  expect({ stderr: missing.stderr, exitCode: missing.exitCode }).toEqual({
    stderr: 'mnist-train: runs: expected a finished run, found none. Train one: mnist-train lenet5-03 --recipe robust',
    exitCode: 1,
  })
  const short = ['--epochs', '3', '--batch-size', '10', '--threads', '1', '--engine', 'onnx']
  expect(await run(['lenet5-03', '--recipe', 'robust', ...short])).toMatchObject({ exitCode: 0 })
  expect(await run(['release', 'lenet5-03', '--recipe', 'robust', '--out', models])).toMatchObject({ exitCode: 0 })
  expect((await readdir(models)).sort()).toEqual(['lenet5-03-robust.md', 'lenet5-03-robust.onnx'])

  const file = join(models, 'lenet5-03-robust.onnx')
  const metadata = readMetadata(await readFile(file))
  expect(metadata).toMatchObject({ 'mnist.network': 'lenet5-03', 'mnist.recipe': 'robust' })
  const card = await readFile(join(models, 'lenet5-03-robust.md'), 'utf8')
  const report = await start('mnist-infer', ['verify', '--model', file, '--data', data, '--json'])
  const { accuracy, calibration } = JSON.parse(report.stdout) as {
    accuracy: number
    calibration: { expectedError: number }
  }
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
  expect(card).toContain(`| test accuracy, from this file | ${percent(accuracy)} (`)
  expect(card).toContain(`| expected calibration error | ${percent(calibration.expectedError)}; `)
  expect(card).toContain(
    `| temperature | ${Number(metadata['mnist.temperature']).toFixed(3)}, in the last layer's weights`,
  )
  expect(card).toContain(`| least probability of a digit | ${metadata['mnist.least_probability']}; `)
}, 120_000)
