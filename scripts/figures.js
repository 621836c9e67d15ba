// Measures what README.md and docs/speed.md tell, and keeps it in docs/figures.json: `npm run figures`, or `npm run figures -- serving page`.
// Needs MNIST, the Pythons of bench/python.js, for `tensorflow` also `mnist-train setup tensorflow --cpu`, for `page` a Chromium, and a quiet
// machine; all of it takes an hour.
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { main as benchInfer } from '../bench/infer.js'
import { main as benchServe } from '../bench/serve.js'
import { main as benchTfjs } from '../bench/tfjs.js'
import { main as benchTrain } from '../bench/train.js'
import { main as benchWeb } from '../bench/web.js'

const command = (name) => join('packages', name, 'bin', `mnist-${name}.js`)

/** Test accuracy on real MNIST of LeNet-5 that has seen generated digits alone. */
async function trainedOnGenerated() {
  const folder = await mkdtemp(join(tmpdir(), 'mnist-figures-'))
  try {
    const train = [command('train'), 'lenet5', '--recipe', 'quick', '--data', 'synthetic', '--out', folder, '--json']
    const { stdout } = await execa(process.execPath, train, { stderr: 'inherit' })
    const run = JSON.parse(stdout)
    const model = join(folder, 'lenet5.onnx')
    await execa(process.execPath, [command('export'), run.folder, '-o', model])
    const verified = await execa(process.execPath, [
      command('infer'),
      'verify',
      '--model',
      model,
      '--data',
      'mnist',
      '--json',
    ])
    return JSON.parse(verified.stdout).accuracy
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Each part, measured anew: all of them, or those that the arguments name; the others stay as they were. */
const PARTS = {
  training: async () => [
    ...(await benchTrain(['lenet5', '--threads', '1'])),
    ...(await benchTrain(['lenet5', '--threads', '2'])),
  ],
  deepTraining: async () => [
    ...(await benchTrain(['resnet18', 'alexnet', '--threads', '1', '--rounds', '3'])),
    ...(await benchTrain(['resnet18', 'alexnet', '--threads', '2', '--rounds', '3'])),
  ],
  batches: () =>
    benchTrain([
      ...['lenet5', 'resnet18', 'alexnet', '--batch', '32,64,128,256', '--rounds', '2'],
      ...['--variants', 'eager,channels_last,compile'],
    ]),
  tensorflow: () => benchTfjs(['lenet5', 'resnet18', '--rounds', '3']),
  page: () => benchWeb(['load', 'input', 'train']),
  inference: () => benchInfer(['lenet5']),
  serving: () => benchServe(['--load', 'steady']),
  overload: () => benchServe(['--load', 'tenfold']),
  generatedDigits: trainedOnGenerated,
}

const FILE = 'docs/figures.json'
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS)
const unknown = wanted.find((part) => !(part in PARTS))
if (unknown !== undefined)
  throw new Error(`figures: expected parts among ${Object.keys(PARTS).join(', ')}, found ${unknown}`)
const figures = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : { measured: {} }
const machine = `${cpus().length} cores of ${cpus()[0].model.trim()}, Node ${process.versions.node}`
for (const part of wanted) {
  figures[part] = await PARTS[part]()
  figures.measured[part] = `${machine}, ${new Date().toISOString().slice(0, 10)}`
  await writeFile(FILE, `${JSON.stringify(figures, null, 2)}\n`)
}
// As the project's own check wants it.
await execa('npx', ['biome', 'format', '--write', FILE])
console.log(`${FILE} written; now: npm run readme`)
