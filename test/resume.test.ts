import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start } from './support/commands.js'
import { writeDigits } from './support/digits.js'

/** Two epochs of 24 steps each: long enough to be cut anywhere, short enough for ten cuts. */
const RUN = ['lenet5', '--epochs', '2', '--threads', '1', '--checkpoint-minutes', '0.005']

let folder: string
let data: string[]
let whole: { weights: Buffer; results: string }
/** Milliseconds that the undisturbed run took before it trained, and from then on. */
let took: { start: number; training: number }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resume of runs '))
  data = ['--data', await writeDigits(join(folder, 'digits'), { train: 6000, test: 1000 })]
  const out = join(folder, 'undisturbed')
  const begin = performance.now()
  const running = start('mnist-train', [...RUN, ...data, '--out', out])
  await training(running)
  const middle = performance.now()
  const { exitCode, stderr } = await running
  took = { start: middle - begin, training: performance.now() - middle }
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  whole = await outcome(out)
}, 120_000)

afterAll(() => rm(folder, { recursive: true }))

/** Waits until the run trains, or is over. */
function training({ stdout }: ReturnType<typeof start>): Promise<void> {
  let shown = ''
  return new Promise((resolve) => {
    stdout?.on('data', (text: Buffer) => {
      shown += text
      if (shown.includes('into ')) resolve()
    })
    stdout?.once('close', resolve)
  })
}

/** The parameters' bytes of the only run in `out`, and its results file. */
async function outcome(out: string): Promise<{ weights: Buffer; results: string }> {
  const [run] = (await runsIn(out)) as [string]
  const checkpoint = await readFile(join(run, 'checkpoint', 'state.safetensors'))
  const stamp = (await readdir(run)).find((name) => name.startsWith('results')) as string
  return {
    weights: checkpoint.subarray(8 + Number(checkpoint.readBigUInt64LE(0))),
    results: await readFile(join(run, stamp), 'utf8'),
  }
}

/** Every file of a run is whole: JSON parses, the results file has whole lines, the checkpoint is as long as it says. */
async function expectWholeFiles(out: string): Promise<void> {
  for (const run of await runsIn(out)) {
    for (const name of await readdir(run)) {
      const file = join(run, name)
      if (name === 'run.json') JSON.parse(await readFile(file, 'utf8'))
      if (name === 'metrics.jsonl')
        for (const line of (await readFile(file, 'utf8')).trimEnd().split('\n')) JSON.parse(line)
      if (/^results.*\.txt$/.test(name)) {
        expect(await readFile(file, 'utf8')).toMatch(
          /^(epoch \d+ {2}loss \d\.\d{3}, train acc \d\.\d{3}, test acc \d\.\d{3} \n)*$/,
        )
      }
      if (/^curves\.svg$/.test(name)) expect(await readFile(file, 'utf8')).toMatch(/^<svg[\s\S]*<\/svg>\s*$/)
    }
  }
}

describe('a run that is cut', () => {
  test('by kill -9 at ten moments ends with the same weights, bit for bit, and never leaves a file half written', async () => {
    const out = join(folder, 'killed')
    let resume = false
    for (let cut = 0; cut < 10; cut++) {
      const running = start('mnist-train', [...(resume ? ['--resume'] : [...RUN, ...data]), '--out', out])
      // Two during the start, the others ever later in the training, so that they meet steps, checkpoints and the evaluation.
      if (cut >= 2) await training(running)
      const delay = cut < 2 ? took.start * (0.4 + 0.5 * cut) : (took.training * cut) / 40
      const timer = setTimeout(() => running.kill('SIGKILL'), delay)
      await running
      clearTimeout(timer)
      await expectWholeFiles(out)
      const statuses = await statusesOf(out)
      resume = statuses.length > 0
      if (statuses.includes('finished')) break
    }
    if ((await statusesOf(out)).includes('unfinished')) {
      const { exitCode, stderr } = await start('mnist-train', ['--resume', '--out', out])
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    }
    expect(await statusesOf(out)).toEqual(['finished'])
    expect(await outcome(out)).toEqual(whole)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s saves a checkpoint, says how to go on, exits with %i, and goes on to the same weights',
    async (signal, status) => {
      const out = join(folder, signal)
      const running = start('mnist-train', [...RUN, ...data, '--out', out])
      let shown = ''
      let sent = false
      running.stdout?.on('data', (text: Buffer) => {
        shown += text
        // Once: the second signal ends the process where it stands.
        if (!sent && shown.includes('epoch 0 ')) sent = running.kill(signal)
      })
      const { exitCode, stdout } = await running
      expect(exitCode).toBe(status)
      expect(stdout).toContain('stopped and saved. Go on with: mnist-train --resume ')
      const on = await start('mnist-train', ['--resume', '--out', out])
      expect({ exitCode: on.exitCode, stderr: on.stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(await outcome(out)).toEqual(whole)
    },
  )
})

async function statusesOf(out: string): Promise<string[]> {
  const runs = await runsIn(out)
  return Promise.all(runs.map(async (run) => JSON.parse(await readFile(join(run, 'run.json'), 'utf8')).status))
}

/** The runs' folders; a folder that begins with a dot is a run that was killed while it was being made. */
async function runsIn(out: string): Promise<string[]> {
  const names = await readdir(join(out, 'lenet5')).catch(() => [])
  return names.filter((name) => !name.startsWith('.')).map((name) => join(out, 'lenet5', name))
}
