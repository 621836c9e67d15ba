// The exporter's CPU time and memory against a bare copy of the same bytes; with --tf2onnx also against tf2onnx, from a cold start on the
// same network, by turns.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { decodeModel } from 'mnist-export'
import { initialState, saveLayersModel } from 'mnist-train'
import ort from 'onnxruntime-node'
import { virtualEnvironment } from './python.js'
import { median } from './side.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const COMMAND = path('../packages/export/bin/mnist-export.js')

/** tf2onnx's last release, and the last TensorFlow whose Keras it reads. */
const PYTHON_PACKAGES = ['tf2onnx==1.16.1', 'tensorflow-cpu==2.15.1']

export async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      tf2onnx: { type: 'boolean', default: false },
      // A Python that has tf2onnx already.
      python: { type: 'string' },
    },
  })
  const networks = positionals.length > 0 ? positionals : ['lenet5', 'resnet18', 'alexnet']
  const python = values.python ?? (values.tf2onnx ? await tf2onnxPython() : undefined)
  const folder = await mkdtemp(join(tmpdir(), 'bench-export-'))
  try {
    for (const network of networks) await compare(network, { folder, python, rounds: Number(values.rounds) })
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function compare(network, { folder, python, rounds }) {
  const model = join(folder, network)
  await saveUntrained(network, model)
  const saved = `${model}.saved`
  // -I: no module of this folder is taken for a package.
  if (python !== undefined) await quiet(python, ['-I', path('save-keras.py'), model, saved])

  const [ours, theirs, copied] = ['ours', 'theirs', 'copied'].map((name) => `${model}.${name}.onnx`)
  const turns = { ours: [], api: [], copy: [], theirs: [] }
  for (let round = 0; round <= rounds; round++) {
    const mine = await node([COMMAND, model, '-o', ours])
    const api = await node([path('export-api.js'), model, ours])
    const copy = await node([path('copy.js'), copied, join(model, 'weights.bin')])
    const other = python && (await seconds(python, ['-m', 'tf2onnx.convert', ...tf2onnxArguments(saved, theirs)]))
    // The first round fills the disk's cache; of none it is the only one.
    if (round === 0 && rounds > 0) continue
    turns.ours.push(mine)
    turns.api.push(api)
    turns.copy.push(copy)
    turns.theirs.push(other)
  }
  const of = (side, what) => median(turns[side].map((turn) => turn[what]))
  const { size } = await stat(ours)
  const cpu = of('ours', 'cpu') - of('copy', 'cpu')
  const memory = (side) =>
    `${(of(side, 'memory') / size).toFixed(2)} times the file (${(of(side, 'memory') / 1e6).toFixed(0)} MB)`
  console.log(
    `${network}: ${(size / 1e6).toFixed(1)} MB in ${of('ours', 'seconds').toFixed(2)} s from a cold start, ` +
      `${cpu.toFixed(2)} s of CPU beyond a bare copy, memory ${memory('ours')}, of the API ${memory('api')}; ` +
      `medians of ${rounds} turns`,
  )
  if (python === undefined) return
  const [mine, other] = [of('ours', 'seconds'), median(turns.theirs)]
  console.log(
    `${network}: mnist-export ${mine.toFixed(2)} s and ${await nodesOf(ours)} nodes, tf2onnx ${other.toFixed(2)} s and ` +
      `${await nodesOf(theirs)} nodes; largest difference of their answers ${(await difference(ours, theirs)).toExponential(1)}: ` +
      `ratio ${(other / mine).toFixed(2)}`,
  )
}

const tf2onnxArguments = (saved, target) => ['--saved-model', saved, '--output', target, '--opset', '17']

/** As a run saves it, with the weights that training begins with. */
async function saveUntrained(network, folder) {
  await saveLayersModel(network, { state: () => initialState(network, 0) }, folder)
}

/** Seconds from start to end, seconds of CPU and the most bytes of memory of a Node process. */
async function node(command) {
  const preload = pathToFileURL(path('resources.js')).href
  const start = performance.now()
  const { stdio } = await execa(process.execPath, ['--import', preload, ...command], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  return { seconds: (performance.now() - start) / 1000, ...JSON.parse(stdio[3]) }
}

async function seconds(command, args) {
  const start = performance.now()
  await quiet(command, args)
  return (performance.now() - start) / 1000
}

const quiet = (command, args) => execa(command, args, { env: { TF_CPP_MIN_LOG_LEVEL: '3' } })

async function nodesOf(file) {
  return decodeModel(await readFile(file)).graph.nodes.length
}

/** Of the first outputs, by the largest of ours, on the same picture. */
async function difference(...files) {
  const image = Float32Array.from({ length: 784 }, (_, index) => (Math.sin(index) + 1) / 2)
  const [ours, theirs] = await Promise.all(
    files.map(async (file) => {
      const session = await ort.InferenceSession.create(file, { logSeverityLevel: 4 })
      const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', image, [1, 28, 28, 1]) }
      return Array.from((await session.run(feeds))[session.outputNames[0]].data)
    }),
  )
  return Math.max(...ours.map((value, index) => Math.abs(value - theirs[index]))) / Math.max(...ours.map(Math.abs))
}

/** That TensorFlow has no wheels for other Pythons. */
async function pythonOfTensorflow() {
  const versions = ['3.11', '3.10', '3.9']
  for (const command of [...versions.map((version) => `python${version}`), 'python3', 'python']) {
    const { stdout = '' } = await execa(command, ['--version'], { reject: false })
    if (versions.some((version) => stdout.startsWith(`Python ${version}.`))) return command
  }
  throw new Error(
    `bench: expected a Python of ${versions.join(', ')}, found none; or name one that has tf2onnx by --python`,
  )
}

/** In a virtual environment that is made once in .venv/tf2onnx. */
function tf2onnxPython() {
  return virtualEnvironment(join('.venv', 'tf2onnx'), PYTHON_PACKAGES, pythonOfTensorflow)
}
