import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateDigits } from 'mnist-infer/mnist'
import { loadTfjs } from 'mnist-train'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start } from './support/commands.js'
import { writeDigits } from './support/digits.js'

let folder: string
let data: string
/** A run of one epoch, finished. */
let run: { folder: string; out: string }

/** Options that make a run short. */
const SHORT = ['--epochs', '1', '--batch-size', '50', '--threads', '1']

const NETWORKS = 'lenet5, lenet5-01, lenet5-02, lenet5-03, lenet5-04, alexnet, resnet18'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'training from the command line '))
  data = await writeDigits(join(folder, 'digits'), { train: 300, test: 60 })
  await mkdir(join(folder, 'empty'))
  await writeFile(join(folder, 'a file'), 'text')
  const out = join(folder, 'runs')
  const { stdout } = await start('mnist-train', ['lenet5', ...SHORT, '--data', data, '--out', out, '--json'])
  run = { folder: JSON.parse(stdout).folder, out }
}, 120_000)

afterAll(() => rm(folder, { recursive: true }))

interface Refusal {
  readonly what: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly status: 1 | 2
  readonly line: RegExp
}

const usage = (what: string, args: readonly string[], line: RegExp): Refusal => ({ what, args, status: 2, line })
const refused = (what: string, args: readonly string[], line: RegExp): Refusal => ({ what, args, status: 1, line })

/** `@` stands for the test's folder. */
const REFUSALS: readonly Refusal[] = [
  usage('an unknown network', ['lenet6'], new RegExp(`networks: expected ${NETWORKS}, or .*, found lenet6$`)),
  usage('an unknown flag', ['--epoch', '3'], /Unknown argument: epoch\. 'mnist-train --help' lists what there is$/),
  usage('an unknown recipe', ['--recipe', 'slow'], /--recipe: expected default, quick for lenet5, found slow$/),
  usage('a recipe of another network', ['alexnet', '--recipe', 'quick'], /expected default for alexnet, found quick$/),
  usage('an unknown engine', ['--engine', 'abacus'], /Invalid values: Argument: engine, Given: "abacus", Choices: /),
  usage('no epochs', ['--epochs', '0'], /--epochs: expected a whole number from 1 up, found 0$/),
  usage('words for a number', ['--epochs', 'many'], /--epochs: expected a whole number from 1 up, found NaN$/),
  usage('half a picture', ['--batch-size', '0.5'], /--batch-size: expected a whole number from 1 up, found 0\.5$/),
  usage('a negative learning rate', ['--lr=-1'], /--lr: expected a number above 0, found -1$/),
  usage('a negative seed', ['--seed=-1'], /--seed: expected a whole number from 0 up, found -1$/),
  refused('a data folder without the files', ['--data', '@/empty'], /\/empty: expected .*train-images/),
  refused('a data folder that is not there', ['--data', '@/nowhere'], /\/nowhere: .*/),
  refused('a file for the data folder', ['--data', '@/a file'], /\/a file: .*/),
  {
    ...refused('MNIST_DIR without the files', [], /\/empty: expected .*train-images/),
    env: { MNIST_DIR: '@/empty' },
  },
  refused('a file where the runs should go', ['--data', '@/digits', '--out', '@/a file'], /\/a file.*: it is a file/),
  {
    ...refused(
      'an engine that is not set up',
      ['--data', '@/digits', '--engine', 'tfjs-node'],
      /engine tfjs-node: expected TensorFlow set up, .*\. Run: mnist-train setup tensorflow; --engine onnx is always there$/,
    ),
    env: { XDG_CACHE_HOME: '@/empty' },
  },
  refused(
    'to resume where there is no run',
    ['--resume', '--out', '@/empty'],
    /--resume: no unfinished run in .*empty/,
  ),
  refused('to resume a folder that is no run', ['--resume', '@/empty'], /\/empty: expected a run's folder/),
  refused('to release where there is no run', ['release', '--runs', '@/empty'], /\/empty: expected a finished run/),
]

describe('mnist-train refuses in one line, and leaves nothing behind:', () => {
  test.each(REFUSALS)('$what', async ({ args, env, status, line }) => {
    const here = (text: string): string => text.replace('@', folder)
    const out = join(folder, 'refused')
    const given = args.map(here)
    const isTraining = !given.includes('release') && !given.includes('--out')
    const { exitCode, stderr } = await start('mnist-train', [...given, ...(isTraining ? ['--out', out] : [])], {
      env: Object.fromEntries(Object.entries(env ?? {}).map(([key, value]) => [key, here(value)])),
    })
    expect(stderr).toMatch(/^mnist-train: [^\n]*$/)
    expect(stderr).toMatch(line)
    expect(exitCode).toBe(status)
    await expect(readdir(out)).rejects.toThrow('ENOENT')
  })

  test.each([
    ['empty', () => Buffer.alloc(0)],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    [
      'of random bytes',
      (bytes: Buffer) => Buffer.from(generateDigits({ count: 1, seed: 1 }).images).fill(bytes[0] ?? 1),
    ],
  ])('a checkpoint that is %s', async (_, damage) => {
    const broken = join(folder, 'broken', 'lenet5', '20260101-000000')
    await mkdir(join(broken, 'checkpoint'), { recursive: true })
    await writeFile(join(broken, 'run.json'), await readFile(join(run.folder, 'run.json')))
    const checkpoint = await readFile(join(run.folder, 'checkpoint', 'state.safetensors'))
    await writeFile(join(broken, 'checkpoint', 'state.safetensors'), damage(checkpoint))
    const { exitCode, stderr } = await start('mnist-train', ['--resume', broken])
    expect(stderr).toMatch(/^mnist-train: [^\n]*state\.safetensors: expected a safetensors file [^\n]*$/)
    expect(exitCode).toBe(1)
  })

  test('to resume on other pictures', async () => {
    const moved = join(folder, 'moved')
    await writeDigits(moved, { train: 60, test: 10 })
    const out = join(folder, 'moved runs')
    await start('mnist-train', ['lenet5', ...SHORT, '--data', moved, '--out', out])
    await writeDigits(moved, { train: 70, test: 10 })
    const [network] = await readdir(out)
    const [stamp] = await readdir(join(out, network as string))
    const { exitCode, stderr } = await start('mnist-train', ['--resume', join(out, network as string, stamp as string)])
    expect(stderr).toMatch(/^mnist-train: [^\n]*: other pictures\. Set MNIST_DIR as it was then, or start a new run$/)
    expect(exitCode).toBe(1)
  })
})

describe('mnist-train', () => {
  test('fills a run’s folder with the files of its contract', async () => {
    const stamp = run.folder.split('/').at(-1)
    expect(stamp).toMatch(/^\d{8}-\d{6}$/)
    expect((await readdir(run.folder)).sort()).toEqual([
      'checkpoint',
      'curves.png',
      'curves.svg',
      'metrics.jsonl',
      'model',
      `results${stamp}.txt`,
      'run.json',
    ])
    expect(await readFile(join(run.folder, `results${stamp}.txt`), 'utf8')).toMatch(
      /^epoch 0 {2}loss \d\.\d{3}, train acc 0\.\d{3}, test acc 0\.\d{3} \n$/,
    )
    const lines = (await readFile(join(run.folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(['run', 'start', 'epoch', 'finished'])
    expect((await readFile(join(run.folder, 'curves.png'))).subarray(1, 4).toString()).toBe('PNG')
  })

  test('writes a LayersModel that plain tfjs loads', async () => {
    const { core, layers } = await loadTfjs()
    const { modelTopology, weightsManifest } = JSON.parse(
      await readFile(join(run.folder, 'model', 'model.json'), 'utf8'),
    )
    const weights = await readFile(join(run.folder, 'model', 'weights.bin'))
    const model = await layers.loadLayersModel(
      core.io.fromMemory({
        modelTopology,
        weightSpecs: weightsManifest[0].weights,
        weightData: new Uint8Array(weights).buffer,
      }),
    )
    const { images, labels } = generateDigits({ count: 60, seed: 2 })
    const pixels = core.tensor4d(
      Float32Array.from(images, (value) => value / 255),
      [60, 28, 28, 1],
    )
    const answers = core.argMax(model.predict(pixels) as never, 1).dataSync()
    const right = answers.reduce((sum, answer, index) => sum + (answer === labels[index] ? 1 : 0), 0)
    const { history } = JSON.parse(await readFile(join(run.folder, 'run.json'), 'utf8'))
    expect(right / 60).toBeCloseTo(history[0].testAccuracy, 10)
  })

  test('leaves a run that is up to date alone, and trains again where a setting differs or --force says so', async () => {
    const again = ['lenet5', ...SHORT, '--data', data, '--out', run.out]
    const { stdout } = await start('mnist-train', again)
    expect(stdout).toContain(`lenet5: up to date, ${run.folder} has these settings (--force trains it again)`)
    expect(await readdir(join(run.out, 'lenet5'))).toHaveLength(1)
    await start('mnist-train', [...again, '--lr', '0.5'])
    expect(await readdir(join(run.out, 'lenet5'))).toHaveLength(2)
    await start('mnist-train', [...again, '--force'])
    expect(await readdir(join(run.out, 'lenet5'))).toHaveLength(3)
  })

  test('gives the same weights for the same seed, and others for another', async () => {
    const weights = async (seed: number): Promise<Buffer> => {
      const out = join(folder, `seed ${seed}`)
      const args = ['lenet5', ...SHORT, '--data', data, '--out', out, '--seed', String(seed), '--force', '--json']
      return readFile(join(JSON.parse((await start('mnist-train', args)).stdout).folder, 'model', 'weights.bin'))
    }
    const first = await weights(1)
    expect((await weights(1)).equals(first)).toBe(true)
    expect((await weights(2)).equals(first)).toBe(false)
  })

  test('trains a group of networks one after the other, and prints their outcomes as JSON', async () => {
    const args = ['lenets', ...SHORT, '--data', data, '--limit', '50', '--out', join(folder, 'group'), '--json']
    const { stdout, stderr, exitCode } = await start('mnist-train', args)
    expect(exitCode).toBe(0)
    const outcomes: { network: string; status: string }[] = JSON.parse(stdout)
    expect(outcomes.map(({ network, status }) => `${network} ${status}`)).toEqual(
      ['lenet5', 'lenet5-01', 'lenet5-02', 'lenet5-03', 'lenet5-04'].map((network) => `${network} finished`),
    )
    expect(stderr.match(/^epoch 0 /gm)).toHaveLength(5)
  })

  test('says that a run has collapsed, and ends it where --stop-on-collapse asks for that', async () => {
    const collapse = ['lenet5-03', '--epochs', '2', ...SHORT.slice(2), '--lr', '1e30', '--data', data]
    const on = await start('mnist-train', [...collapse, '--out', join(folder, 'goes on')])
    expect(on.stdout).toMatch(
      /^warning: the loss is (NaN|Infinity) after epoch 0: .* Try a smaller --lr .*The run goes on/m,
    )
    expect(on.stdout).toContain('epoch 1  loss')
    expect(on.exitCode).toBe(0)
    const stops = await start('mnist-train', [...collapse, '--out', join(folder, 'stops'), '--stop-on-collapse'])
    expect(stops.stdout).not.toContain('epoch 1  loss')
    expect(stops.exitCode).toBe(1)
  })

  test('lists the networks with their parameters and recipes', async () => {
    const { stdout } = await start('mnist-train', ['networks'])
    expect(stdout).toMatch(/^lenet5 +61,706 {2}default +256 +0\.6 +20 /m)
    expect(stdout).toMatch(/^ +quick +256 +0\.9 +10$/m)
    const json: { name: string }[] = JSON.parse((await start('mnist-train', ['networks', '--json'])).stdout)
    expect(json.map(({ name }) => name).join(', ')).toBe(NETWORKS)
  })
})
