import { mkdtemp, readFile, rm } from 'node:fs/promises'
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
