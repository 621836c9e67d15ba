import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start } from './support/commands.js'
import { writeDigits } from './support/digits.js'

let folder: string
let data: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'continued runs '))
  data = ['--data', await writeDigits(join(folder, 'digits'), { train: 120, test: 20 })]
})

afterAll(() => rm(folder, { recursive: true }))

/** With a cache of its own: plain JavaScript stays slow where the user has set up TensorFlow. */
function train(args: readonly string[]) {
  return start('mnist-train', args, { env: { XDG_CACHE_HOME: join(folder, 'cache') } })
}

/** Starts a run and cuts it by SIGINT as soon as it shows `sign`. */
async function cut(args: readonly string[], sign: string): Promise<string> {
  const running = train(args)
  let shown = ''
  let isSent = false
  running.stdout?.on('data', (text: Buffer) => {
    shown += text
    if (!isSent && shown.includes(sign)) isSent = running.kill('SIGINT')
  })
  await running
  expect(isSent).toBe(true)
  return shown
}

async function runsOf(out: string, network: string): Promise<string[]> {
  return (await readdir(join(out, network))).sort().map((stamp) => join(out, network, stamp))
}

async function metricsOf(run: string): Promise<Record<string, unknown>[]> {
  return (await readFile(join(run, 'metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('mnist-train', () => {
  /** Plain JavaScript is slow enough to be cut where it should be. */
  const SLOW = ['lenet5-02', '--epochs', '3', '--batch-size', '6', '--threads', '1', '--lr', '0.1']

  test('release --run takes a run that was cut, and the card says where', async () => {
    const out = join(folder, 'released early')
    const many = SLOW.with(SLOW.indexOf('--epochs') + 1, '500')
    await cut([...many, ...data, '--out', out, '--engine', 'tfjs'], 'epoch 0  loss')
    const [run = ''] = await runsOf(out, 'lenet5-02')
    const models = join(folder, 'early models')
    const newest = await train(['release', 'lenet5-02', '--runs', out, '--out', models, ...data])
    expect(newest).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('expected a finished run, found none'),
    })
    const named = await train(['release', '--run', run, '--out', models, ...data])
    expect(named).toMatchObject({ exitCode: 0, stderr: '' })
    const epochs = (await metricsOf(run)).filter(({ type }) => type === 'epoch').length
    const card = await readFile(join(models, 'lenet5-02.md'), 'utf8')
    expect(card).toMatch(
      new RegExp(`^\\| epochs trained \\| ${epochs} of 500(, and \\d+ steps of the next)? \\|$`, 'm'),
    )
  })

  test('says how long a run will take, goes on with it when it was cut, on another engine if asked to, and --force begins anew', async () => {
    const out = join(folder, 'engines')
    const args = [...SLOW, ...data, '--out', out]
    const shown = await cut([...args, '--engine', 'tfjs'], 'will take about')
    expect(shown).toMatch(/^the whole run will take about \d+ (s|min|h)/m)

    const on = await train([...args, '--engine', 'onnx'])
    const [run = ''] = await runsOf(out, 'lenet5-02')
    expect(on.stdout).toMatch(/^lenet5-02: going on with .*, cut after [012] of 3 epochs \(--force starts anew\)$/m)
    expect(on.stdout).toContain(run)
    const metrics = await metricsOf(run)
    const types = metrics.map(({ type }) => type)
    expect(types.filter((type) => type !== 'epoch')).toEqual(['run', 'start', 'interrupted', 'resume', 'finished'])
    expect(types.filter((type) => type === 'epoch')).toHaveLength(3)
    const engines = metrics.flatMap(({ type, engine }) =>
      engine === undefined ? [] : [[type, (engine as { name: string }).name]],
    )
    expect(engines).toEqual([
      ['start', 'tfjs'],
      ['resume', 'onnx'],
    ])

    await cut([...args, '--engine', 'tfjs', '--seed', '1'], 'will take about')
    await train([...args, '--engine', 'onnx', '--seed', '1', '--force'])
    const runs = await runsOf(out, 'lenet5-02')
    expect(runs).toHaveLength(3)
    expect((await metricsOf(runs[2] as string)).map(({ type }) => type)).toEqual([
      'run',
      'start',
      'epoch',
      'epoch',
      'epoch',
      'finished',
    ])
  })

  test('leaves a run alone that another process is at', async () => {
    const out = join(folder, 'at once')
    const args = [...SLOW, ...data, '--out', out]
    const running = train([...args, '--engine', 'tfjs'])
    await new Promise<void>((resolve) => {
      let shown = ''
      running.stdout?.on('data', (text: Buffer) => {
        shown += text
        if (shown.includes('will take about')) resolve()
      })
    })
    const [run = ''] = await runsOf(out, 'lenet5-02')
    const resumed = await train(['--resume', run])
    expect(resumed.stderr).toMatch(/: expected a run that nothing trains, found process \d+ at it\. Stop that one$/m)
    const other = await train([...args, '--engine', 'onnx'])
    expect(other.exitCode).toBe(0)
    expect(await runsOf(out, 'lenet5-02')).toHaveLength(2)
    running.kill('SIGINT')
    await running
  })

  test('takes batches by parts where memory is short, the same to the digits shown, and says where that changes the result', async () => {
    const short = ['--epochs', '2', '--batch-size', '50', '--threads', '1', ...data, '--engine', 'onnx']
    const results = async (parts: readonly string[], name: string): Promise<string> => {
      const out = join(folder, name)
      await train(['lenet5', ...short, ...parts, '--out', out])
      const [run = ''] = await runsOf(out, 'lenet5')
      const text = (await readdir(run)).find((file) => file.startsWith('results')) as string
      return readFile(join(run, text), 'utf8')
    }
    expect(await results(['--micro-batch', '16'], 'parts')).toBe(await results([], 'whole'))

    const residual = ['resnet18', '--epochs', '1', '--limit', '10', '--batch-size', '8', '--micro-batch', '4', ...data]
    const { stdout } = await train([...residual, '--out', join(folder, 'residual')])
    expect(stdout).toMatch(/^warning: resnet18 normalises over the pictures .* with --micro-batch 4 that is fewer/m)

    const other = ['lenet5', '--engine', 'tfjs', '--micro-batch', '4', ...data, '--out', join(folder, 'refused')]
    expect((await train(other)).stderr).toBe(
      'mnist-train: --micro-batch: expected --engine onnx or auto, found tfjs, which takes whole batches',
    )
  })
})
