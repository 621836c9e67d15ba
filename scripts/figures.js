// Measures what the README tells of speed and of the generated digits, and keeps it in docs/figures.json: `npm run figures`.
// Needs MNIST, a Python with PyTorch (see bench/python.js) and a quiet machine; takes some minutes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { main as benchInfer } from '../bench/infer.js'
import { main as benchTrain } from '../bench/train.js'

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

const figures = {
  machine: `${cpus().length} cores of ${cpus()[0].model.trim()}, Node ${process.versions.node}`,
  date: new Date().toISOString().slice(0, 10),
  training: [
    ...(await benchTrain(['lenet5', '--threads', '1'])),
    ...(await benchTrain(['lenet5', '--threads', '2'])),
    ...(await benchTrain(['resnet18', 'alexnet', '--threads', '2', '--rounds', '3'])),
  ],
  inference: await benchInfer(['lenet5']),
  generatedDigits: await trainedOnGenerated(),
}
await writeFile('docs/figures.json', `${JSON.stringify(figures, null, 2)}\n`)
console.log('docs/figures.json written; now: npm run readme')
