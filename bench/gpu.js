// What there is to see on a GPU, in one run: the doctor, images/s of tfjs, onnx and PyTorch on CUDA, agreement of providers. Writes
// docs/gpu-report.md; with --recipes the full recipes of alexnet and resnet18 too, which take an hour or so.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { generateDigits } from 'mnist-infer/mnist'
import { float32, openSession } from 'mnist-infer/runtime'
import { recipeOf } from 'mnist-train'
import { benchPython } from './python.js'
import { median, startSide } from './side.js'
import { rate, rawDigits } from './train.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const TRAIN = path('../packages/train/bin/mnist-train.js')
const REPORT = path('../docs/gpu-report.md')
const NETWORKS = ['lenet5', 'alexnet', 'resnet18']
/** Steps of a turn: a second or more of work on a GPU. */
const STEPS = { lenet5: 100, alexnet: 10, resnet18: 10 }
const TURNS = 5
/** Largest difference of a logit between CUDA and the CPU. */
const TOLERANCE = 1e-4

export async function main(args) {
  const { values } = parseArgs({ args, options: { recipes: { type: 'boolean', default: false } } })
  const { stdout } = await execa(process.execPath, [TRAIN, 'doctor', '--json'])
  const report = JSON.parse(stdout)
  const [gpu] = report.machine.gpus
  if (gpu === undefined) {
    console.error('bench gpu: expected an NVIDIA GPU, found none (mnist-train doctor says what there is)')
    process.exitCode = 1
    return
  }
  const { stdout: table } = await execa(process.execPath, [TRAIN, 'doctor', '--seconds', '0'])
  const speeds = await measureAll()
  const agreement = await compareProviders()
  const recipes = values.recipes ? await fullRecipes() : []
  await writeFile(REPORT, reportText({ gpu, table, speeds, agreement, recipes }))
  console.log(`written: ${REPORT}`)
}

/** Rows: network, and images/s or a reason for each contender. */
async function measureAll() {
  const folder = await mkdtemp(join(tmpdir(), 'mnist-bench-'))
  try {
    const data = await rawDigits(folder)
    const python = await benchPython()
    const rows = []
    for (const network of NETWORKS) {
      const batch = recipeOf(network, 'default').batchSize
      const ours = (engine) => [process.execPath, [path('train-ours.js'), network, batch, 2, engine].map(String)]
      const torch = (variant) => [python, [path('train-torch.py'), network, batch, 2, variant, ...data].map(String)]
      rows.push({
        network,
        batch,
        cells: await byTurns(STEPS[network], {
          'tfjs-gpu': ours('tfjs-gpu'),
          onnx: ours('onnx'),
          'PyTorch eager': torch('eager'),
          'PyTorch compiled': torch('compile'),
        }),
      })
    }
    return rows
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Each contender's median, all by turns on the one GPU; or its first line of complaint. */
async function byTurns(steps, contenders) {
  const cells = {}
  const sides = []
  for (const [name, [command, args]] of Object.entries(contenders)) {
    try {
      const side = await startSide(command, args, { BENCH_DEVICE: 'cuda' })
      await side.run(3)
      sides.push({ name, side, rates: [] })
    } catch (error) {
      cells[name] = { why: String(error.shortMessage ?? error.message).split('\n', 1)[0] }
    }
  }
  for (let turn = 0; turn < TURNS; turn++) for (const { side, rates } of sides) rates.push(await side.run(steps))
  for (const { name, side, rates } of sides) {
    cells[name] = { rate: median(rates), description: side.facts.description }
    console.log(`${name}: ${rate(cells[name].rate)} images/s (${side.facts.description})`)
    await side.close()
  }
  return cells
}

/** Largest difference of a logit, CUDA against the CPU, for each model that is here. */
async function compareProviders() {
  const { images, count } = generateDigits({ count: 256, seed: 1 })
  const image = float32(
    Float32Array.from(images, (value) => value / 255),
    [count, 1, 28, 28],
  )
  const rows = []
  for (const network of NETWORKS) {
    const bytes = await readFile(path(`../models/${network}.onnx`)).catch(() => undefined)
    if (bytes === undefined) continue
    const logits = []
    try {
      for (const provider of ['cpu', 'cuda']) {
        const session = await openSession(bytes, { provider })
        logits.push((await session.run({ image }, { outputs: ['logits'] })).logits.data)
        await session.close()
      }
      const [cpu, cuda] = logits
      const difference = cpu.reduce((most, value, index) => Math.max(most, Math.abs(value - cuda[index])), 0)
      rows.push({ network, difference, verdict: difference <= TOLERANCE ? 'agrees' : `above ${TOLERANCE}` })
    } catch (error) {
      rows.push({ network, verdict: error.message })
    }
  }
  return rows
}

/** The recipes of the deep networks, ten epochs each, on the engine that `auto` takes. */
async function fullRecipes() {
  const rows = []
  for (const network of ['alexnet', 'resnet18']) {
    const options = { stderr: 'inherit' }
    const { stdout } = await execa(process.execPath, [TRAIN, network, '--engine', 'tfjs-gpu', '--json'], options)
    const { history } = JSON.parse(stdout)
    const last = history.at(-1)
    const seconds = history.reduce((sum, { trainSeconds }) => sum + trainSeconds, 0)
    rows.push({ network, epochs: history.length, accuracy: last.testAccuracy, seconds })
  }
  return rows
}

function reportText({ gpu, table, speeds, agreement, recipes }) {
  const names = Object.keys(speeds[0]?.cells ?? {})
  const cell = ({ rate: value, why }) => (value === undefined ? why : rate(value))
  const lines = [
    `# On ${gpu.name}`,
    '',
    `Written by \`npm run bench -- gpu\`; driver ${gpu.driver}, ${Math.round(gpu.memoryMiB / 1024)} GB.`,
    '',
    '```',
    table.trim(),
    '```',
    '',
    `Images/s of whole training steps, medians of ${TURNS} turns:`,
    '',
    `| network | batch | ${names.join(' | ')} |`,
    `|---|---|${names.map(() => '---').join('|')}|`,
    ...speeds.map(
      ({ network, batch, cells }) =>
        `| ${network} | ${batch} | ${names.map((name) => cell(cells[name])).join(' | ')} |`,
    ),
    '',
    'Logits of 256 digits, `--provider cuda` against the CPU:',
    '',
    '| model | largest difference | |',
    '|---|---|---|',
    ...agreement.map(
      ({ network, difference, verdict }) => `| ${network} | ${difference?.toExponential(1) ?? ''} | ${verdict} |`,
    ),
    '',
  ]
  if (recipes.length === 0) return lines.join('\n')
  const trained = recipes.map(
    ({ network, epochs, accuracy, seconds }) =>
      `| ${network} | ${epochs} | ${(accuracy * 100).toFixed(2)} % | ${Math.round(seconds)} s |`,
  )
  return [
    ...lines,
    'Full recipes on tfjs-gpu:',
    '',
    '| network | epochs | test accuracy | training |',
    '|---|---|---|---|',
    ...trained,
    '',
  ].join('\n')
}
