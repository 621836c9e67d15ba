import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, start } from './support/commands.js'
import { writeDigits } from './support/digits.js'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'the report '))
})

afterAll(() => rm(folder, { recursive: true }))

describe('docs/report.md', () => {
  test('is what docs/report/data.json and the models make it', async () => {
    const { exitCode, stdout, stderr } = await start('mnist-train', ['report', '--check'], { cwd: ROOT })
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: `${join('docs', 'report.md')}: up to date`,
      stderr: '',
    })
  })

  test('shows every picture that it has, and has every picture that it shows', async () => {
    const text = await readFile(join(ROOT, 'docs', 'report.md'), 'utf8')
    const shown = [...text.matchAll(/!\[[^\]]+\]\(report\/([^)]+)\)/g)].map(([, name]) => name)
    const names = await readdir(join(ROOT, 'docs', 'report'))
    expect(shown.sort()).toEqual(names.filter((name) => name !== 'data.json').sort())
  })
})

describe('mnist-train report', () => {
  test('tells of the runs and models that there are, says what is missing, and finds out what has changed since', async () => {
    const data = await writeDigits(join(folder, 'digits'), { train: 120, test: 30 })
    const [runs, models, out] = ['runs', 'models', 'docs'].map((name) => join(folder, name)) as [string, string, string]
    await start('mnist-train', ['lenet5-02', '--epochs', '2', '--threads', '1', '--data', data, '--out', runs])
    await start('mnist-train', ['release', 'lenet5-02', '--runs', runs, '--out', models, '--data', data])
    const places = ['report', '--models', models, '--out', out]
    const written = await start('mnist-train', [...places, '--runs', runs, '--data', data])
    expect({ exitCode: written.exitCode, stderr: written.stderr }).toEqual({ exitCode: 0, stderr: '' })

    const text = await readFile(join(out, 'report.md'), 'utf8')
    expect(text).toMatch(/^\| \[lenet5-02\]\(#lenet5-02\) \| 35,820 \| 327\.43 kFLOP \| 2 of 2 \|/m)
    expect(text).toMatch(
      /^\| \[alexnet\]\(#alexnet\) \| 46,764,746 \| 1\.88 GFLOP \| no run yet \| – \| – \| not released \|$/m,
    )
    expect(text).toContain('**Not measured yet**: `mnist-train experiment dying-relu`.')
    expect(text).toMatch(/`models\/lenet5-02\.onnx` \([\d,]+ bytes\) reads \d+ of 30 test digits/)
    expect((await start('mnist-train', [...places, '--check'])).exitCode).toBe(0)

    const kept = join(out, 'report', 'data.json')
    await writeFile(kept, (await readFile(kept, 'utf8')).replace('"trainSeconds": ', '"trainSeconds": 9'))
    await cp(join(models, 'lenet5-02.md'), join(models, 'lenet5-02.onnx'))
    const { exitCode, stderr } = await start('mnist-train', [...places, '--check'])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /^mnist-train: .*report\.md: expected it to follow from .*accuracy-time\.svg.*lenet5-02\.onnx\. Run: mnist-train report$/,
    )
  })
})
