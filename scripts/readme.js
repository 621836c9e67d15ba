// Fills the generated parts of README.md and docs/speed.md from models/ and docs/figures.json: `npm run readme`. With --check it only compares.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMetadata } from 'mnist-export'
import { NETWORK_NAMES, NETWORKS, RECIPES, releasedName } from 'mnist-train'

const figures = JSON.parse(readFileSync('docs/figures.json', 'utf8'))
const count = (value) => Math.round(value).toLocaleString('en-US')
const percent = (share, digits = 2) => `${(share * 100).toFixed(digits)} %`

/** A Markdown table, its columns padded as the formatter pads them; the first row is its head. */
function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => String(row[column]).length)))
  const line = (cells) => `| ${cells.map((cell, column) => String(cell).padEnd(widths[column])).join(' | ')} |`
  const [head, ...body] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

/** A row for each shipped model: a network by its own recipe, then by its others. */
function networks() {
  const models = NETWORK_NAMES.flatMap((network) =>
    Object.keys(RECIPES[network]).map((recipe) => ({
      network,
      recipe,
      name: releasedName({ network, recipe }),
    })),
  )
  const rows = models
    .filter(({ name }) => existsSync(join('models', `${name}.onnx`)))
    .map(({ network, recipe, name }) => {
      const file = join('models', `${name}.onnx`)
      const metadata = readMetadata(readFileSync(file))
      return [
        `[${name}](models/${name}.md)`,
        `${NETWORKS[network].summary}${recipe === 'default' ? '' : `; by the recipe \`${recipe}\``}`,
        count(NETWORKS[network].parameters),
        metadata['mnist.epochs'],
        percent(Number(metadata['mnist.test_accuracy'])),
        `${count(statSync(file).size / 1000)} kB`,
      ]
    })
  return table([['network', 'what it is', 'parameters', 'epochs', 'test accuracy', 'file'], ...rows])
}

/** Ours and another's, row by row; `told` shortens the other's name. */
function comparison(rows, told) {
  const cells = rows.map(({ network, batch, threads, ours, other, theirs, ratio }) => [
    network,
    batch,
    threads,
    count(ours),
    `${count(theirs)} (${told(other)})`,
    ratio.toFixed(2),
  ])
  return table([['network', 'batch', 'threads', 'ours, images/s', 'theirs, images/s', 'ratio'], ...cells])
}

const training = () =>
  comparison([...figures.training, ...(figures.deepTraining ?? [])], (other) =>
    other.replace(/\+\S+/, '').replace(' eager', ''),
  )

const tensorflow = () => comparison(figures.tensorflow, (other) => other.replace(' on the CPU', ''))

/** PyTorch's variants beside each other; the ratio is that to the best of them. Ours was measured once for each: their median. */
function batches() {
  const variants = ['eager', 'channels_last', 'compile']
  const keys = [...new Set(figures.batches.map(({ network, batch }) => `${network} ${batch}`))]
  const rows = keys.map((key) => {
    const [network, batch] = key.split(' ')
    const measured = figures.batches.filter((row) => `${row.network} ${row.batch}` === key)
    const ours = measured.map((row) => row.ours).sort((one, other) => one - other)[measured.length >> 1]
    const theirs = variants.map((variant) => measured.find(({ other }) => other.split(' ').at(-1) === variant)?.theirs)
    return [network, batch, count(ours), ...theirs.map(count), (ours / Math.max(...theirs)).toFixed(2)]
  })
  return table([['network', 'batch', 'ours', ...variants, 'ratio to the best'], ...rows])
}

function page() {
  const { load, input, train } = figures.page
  return [
    `From an empty cache to the first answer, over localhost: ${count(load.first)} ms; later answers: ${load.later.toFixed(1)} ms,`,
    `95 in 100 within ${load.later95.toFixed(1)} ms. Over the line: ${(load.transferred / 1e6).toFixed(1)} MB.`,
    `LeNet-5 trains in the page at ${count(train.page)} images/s in one thread, where Node makes ${count(train.node)}, and where tfjs on its`,
    `WASM backend makes ${count(train.cpu)}: that lacks the gradient of a convolution's kernel and takes the one of tfjs's CPU backend. With one`,
    `in SIMD, which tfjs does not have and the bench lends it, it makes ${count(train.simd)}.`,
    `While it trains, strokes on the pad wait at most ${count(input.worst)} ms; layout shift ${input.shift.toFixed(3)}, tasks over 50 ms: ${input.tasks.length}.`,
  ].join('\n')
}

/** At ten times the connections. */
function overload() {
  const rows = figures.overload
    .filter(({ name }) => name.endsWith(', overload'))
    .map(({ name, requestsPerSecond, shed, lost, healthMax, healthMaxBeside, memoryMiB }) => [
      name.replace(', overload', ''),
      count(requestsPerSecond),
      count(shed),
      lost,
      `${count(healthMax)} ms`,
      `${count(healthMaxBeside)} ms`,
      `${memoryMiB} MiB`,
    ])
  const head = ['lenet5', 'answers/s', 'shed', 'lost', 'health, slowest', 'at the port of the load', 'memory']
  return table([head, ...rows])
}

/** The loads that were put on both servers, and those on ours alone. */
function serving() {
  const of = (name) => figures.serving.find((row) => row.name === name)
  const loads = figures.serving.filter(({ name }) => !name.endsWith(', KServe'))
  const rows = loads.map(({ name, requestsPerSecond, p99 }) => {
    const theirs = of(`${name}, KServe`)
    const compared =
      theirs === undefined
        ? ['·', '·', '·']
        : [
            count(theirs.requestsPerSecond),
            `${theirs.p99} ms`,
            (requestsPerSecond / theirs.requestsPerSecond).toFixed(2),
          ]
    return [name, count(requestsPerSecond), `${p99} ms`, ...compared]
  })
  return table([['lenet5', 'requests/s', 'p99', "KServe's Python server", 'p99', 'ratio'], ...rows])
}

/** Where and when these parts were measured. */
const measured = (...parts) => `Measured on ${[...new Set(parts.map((part) => figures.measured[part]))].join('; ')}.`

const speed = () => measured('batches', 'tensorflow', 'page', 'overload')

function sentences() {
  const { inference, generatedDigits } = figures
  const [{ ours, bare, verify }] = inference
  return [
    measured('inference', 'generatedDigits', 'training', 'deepTraining', 'serving'),
    `A picture is read from a cold start in ${count(ours * 1000)} ms, where a bare script that only loads sharp and onnxruntime-node takes ${count(bare * 1000)} ms;`,
    `the 10,000 test pictures are verified in ${verify.toFixed(1)} s, start included.`,
    `LeNet-5 trained on generated digits alone, recipe \`quick\`, reads ${percent(generatedDigits, 1)} of MNIST's real test pictures.`,
  ].join('\n')
}

const PARTS = { networks, training, batches, tensorflow, page, serving, overload, speed, sentences }

for (const file of ['README.md', 'docs/speed.md']) {
  const before = readFileSync(file, 'utf8')
  const after = before.replace(
    /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin, name, end) => `${begin}\n${PARTS[name]()}\n\n${end}`,
  )
  if (after === before) continue
  if (process.argv.includes('--check')) {
    console.error(`${file}: its generated parts differ from models/ and docs/figures.json. Run: npm run readme`)
    process.exitCode = 1
  } else writeFileSync(file, after)
}
