// Writes the generated parts of packages/export/README.md: the layers that convert, and which runtime runs which precision, by running
// them. `node scripts/export-readme.js` writes, with --check it only says what differs. Python's column needs ORACLE_PYTHON and stays as it is without.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import {
  calibrationValues,
  compressModel,
  DataType,
  encodeModel,
  floatTensor,
  LAYER_HANDLERS,
  RangeObserver,
  withOutputs,
} from 'mnist-export'
import { GraphBuilder, ops } from 'mnist-export/graph'
import ort from 'onnxruntime-node'

const README = new URL('../packages/export/README.md', import.meta.url)

/** Family → what its classes' names have in common. The first that fits counts. */
const FAMILIES = {
  refused: /^Random(Width|Height)$/,
  'functions of Keras 3': /^keras\.ops/,
  recurrent: /RNN|LSTM|GRU|Bidirectional|TimeDistributed/,
  convolution: /Conv/,
  pooling: /Pooling/,
  normalization: /Normalization/,
  'noise and augmentation, nothing after training': /Dropout|Noise|^Random|Regularization/,
  activation: /^(Activation|ReLU|LeakyReLU|PReLU|ELU|ThresholdedReLU|Softmax)$/,
  merge: /^(Add|Subtract|Multiply|Average|Maximum|Minimum|Concatenate|Dot)$/,
  picture: /Padding|Cropping|UpSampling|Resiz|CenterCrop|Rescaling/,
  sequence: /Embedding|Masking|CategoryEncoding/,
  core: /^(Dense|Flatten|Reshape|Permute|RepeatVector)$/,
}

function layersTable() {
  const rows = Object.keys(FAMILIES).map((family) => [family, []])
  for (const layer of Object.keys(LAYER_HANDLERS).sort()) {
    // A class's name as it is registered in tfjs, after its package's.
    if (layer.includes('>')) continue
    const row = rows.find(([family]) => FAMILIES[family].test(layer))
    if (row === undefined) throw new Error(`scripts/export-readme.js: ${layer} has no family`)
    row[1].push(`\`${layer}\``)
  }
  return table(
    ['family', 'layers'],
    rows.toReversed().map(([family, layers]) => [family, layers.join(', ')]),
  )
}

/** Precision → options of compressModel and the largest relative error that its bits explain. */
const PRECISIONS = {
  fp32: [{ precision: 'fp32' }, 1e-5],
  fp16: [{ precision: 'fp16' }, 5e-3],
  '`fp16` with `--fp16-compute`': [{ precision: 'fp16', fp16Compute: true }, 1e-2],
  int8: [{ precision: 'int8' }, 0.1],
  'int8-weights': [{ precision: 'int8-weights' }, 0.03],
  int4: [{ precision: 'int4' }, 0.3],
}

const RUNTIMES = ['onnxruntime-node, CPU', 'onnxruntime-web, WASM', 'Python onnxruntime, CPU']

async function precisionTable(previous) {
  const folder = await mkdtemp(join(tmpdir(), 'precisions-'))
  try {
    const model = network()
    const ranges = await rangesOf(model)
    const names = Object.keys(PRECISIONS)
    const files = names.map((_, index) => join(folder, `${index}.onnx`))
    for (const [index, name] of names.entries()) {
      await writeFile(files[index], encodeModel(compressModel(model, { ...PRECISIONS[name][0], ranges })))
    }
    const errors = [await nodeErrors(files), await webErrors(files), await pythonErrors(files)]
    const rows = names.map((name, row) => {
      const kept = previous.find((line) => line.split('|')[1]?.trim() === code(name))?.split('|') ?? []
      const cells = errors.map((column, index) => {
        if (column === undefined) return kept[index + 2]?.trim() ?? 'not tested'
        return column[row] < PRECISIONS[name][1] ? 'runs' : 'no'
      })
      return [code(name), ...cells]
    })
    return table(['precision', ...RUNTIMES], rows)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const code = (name) => (name.includes('`') ? name : `\`${name}\``)

/** Convolutions and dense layers large enough for each precision to treat them. */
function network() {
  const g = new GraphBuilder('precisions')
  const weight = (name, dims) => {
    const fanIn = dims.slice(1).reduce((a, b) => a * b, 1)
    const count = dims[0] * fanIn
    const values = Float32Array.from({ length: count }, (_, i) => Math.sin(78.233 * (i + 1) ** 1.5) / Math.sqrt(fanIn))
    return g.initializer(floatTensor(name, dims, values))
  }
  const x = g.input({ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 1, 16, 16] })
  const first = ops.relu(g, ops.conv(g, [x, weight('conv1.weight', [16, 1, 3, 3])], { pads: [1, 1, 1, 1] }))
  const second = ops.relu(g, ops.conv(g, [first, weight('conv2.weight', [16, 16, 3, 3])], { pads: [1, 1, 1, 1] }))
  const pooled = ops.maxPool(g, second, { kernelShape: [2, 2], strides: [2, 2] })
  const transB = { type: 'INT', value: 1 }
  const dense = (input, name, dims, options = {}) =>
    g.op('Gemm', [input, weight(name, dims)], { attributes: { transB }, ...options })
  const hidden = ops.relu(g, dense(ops.flatten(g, pooled), 'fc1.weight', [64, 1024]))
  g.output(dense(hidden, 'fc2.weight', [10, 64], { outputs: ['y'] }))
  const head = { irVersion: 8, opsets: { '': 17 }, producerName: 'mnist-export', producerVersion: '', modelVersion: 1 }
  return { ...head, domain: '', docString: '', graph: g.graph(), metadata: {} }
}

const DIMS = [4, 1, 16, 16]
const input = () => Float32Array.from({ length: 1024 }, (_, index) => Math.sin(12.9898 * (index + 1) ** 2))

async function rangesOf(model) {
  const values = calibrationValues(model)
  const session = await ort.InferenceSession.create(encodeModel(withOutputs(model, values)))
  const outputs = await session.run({ x: new ort.Tensor('float32', input(), DIMS) })
  const observer = new RangeObserver()
  for (const name of values) observer.observe(name, outputs[name].data)
  return observer.ranges()
}

/** ‖y − y of the first‖ / ‖y of the first‖ of each file; infinite where it does not run. */
async function errorsIn(runtime, files) {
  const answers = []
  for (const file of files) {
    try {
      const session = await runtime.InferenceSession.create(await readFile(file))
      const { y } = await session.run({ x: new runtime.Tensor('float32', input(), DIMS) })
      answers.push(Array.from(y.data))
    } catch {
      answers.push([])
    }
  }
  return relative(answers)
}

function relative([reference, ...others]) {
  const norm = (values) => Math.hypot(...values)
  const errors = others.map((values) =>
    values.length === 0 ? Number.POSITIVE_INFINITY : norm(values.map((v, i) => v - reference[i])) / norm(reference),
  )
  return [reference.length === 0 ? Number.POSITIVE_INFINITY : 0, ...errors]
}

const nodeErrors = (files) => errorsIn(ort, files)

async function webErrors(files) {
  const web = await import('onnxruntime-web/wasm')
  web.env.wasm.numThreads = 1
  return errorsIn(web, files)
}

const PYTHON = `
import json, sys
import numpy as np, onnxruntime as ort
data = json.load(sys.stdin)
answers = []
for path in data["files"]:
    try:
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        x = np.array(data["x"], np.float32).reshape(data["dims"])
        answers.append(session.run(["y"], {"x": x})[0].ravel().tolist())
    except Exception:
        answers.append([])
print(json.dumps(answers))
`

async function pythonErrors(files) {
  if (!process.env.ORACLE_PYTHON) return undefined
  const given = JSON.stringify({ files, x: Array.from(input()), dims: DIMS })
  const { stdout } = await execa(process.env.ORACLE_PYTHON, ['-c', PYTHON], { input: given })
  return relative(JSON.parse(stdout))
}

/** A table as the formatter leaves it: columns of one width. */
function table(header, rows) {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column].length)))
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** The text with the part between the marks of that name made anew. */
function replaced(text, name, part) {
  const [begin, end] = [`<!-- generated: ${name} -->\n`, '\n<!-- end -->']
  const from = text.indexOf(begin)
  const to = text.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`packages/export/README.md: expected the marks of ${name}, found none`)
  return text.slice(0, from + begin.length) + part + text.slice(to)
}

export async function main(args) {
  const before = await readFile(README, 'utf8')
  const layers = replaced(before, 'layers', layersTable())
  const after = replaced(layers, 'precisions', await precisionTable(before.split('\n')))
  if (after === before) return
  if (!args.includes('--check')) return writeFile(README, after)
  const lines = after.split('\n').filter((line) => !before.split('\n').includes(line))
  console.error(`packages/export/README.md is not what scripts/export-readme.js makes of it:\n${lines.join('\n')}`)
  process.exitCode = 1
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv.slice(2))
  // onnxruntime-web keeps a worker.
  process.exit()
}
