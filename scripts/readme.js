// Fills the generated parts of README.md from models/ and docs/figures.json: `npm run readme`. With --check it only compares.
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

function training() {
  const rows = [...figures.training, ...(figures.deepTraining ?? [])].map(
    ({ network, batch, threads, ours, other, theirs, ratio }) => [
      network,
      batch,
      threads,
      count(ours),
      `${count(theirs)} (${other.replace(/\+\S+/, '').replace(' eager', '')})`,
      ratio.toFixed(2),
    ],
  )
  return table([['network', 'batch', 'threads', 'ours, images/s', 'theirs, images/s', 'ratio'], ...rows])
}

/** The loads that were put on both servers, and those on ours alone. */
function serving() {
  const of = (name) => figures.serving.find((row) => row.name === name)
  const loads = figures.serving.filter(({ name }) => !/, (KServe|overload|after it)$/.test(name))
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

function sentences() {
  const { machine, date, inference, generatedDigits } = figures
  const [{ ours, bare, verify }] = inference
  return [
    `Measured on ${machine}, ${date}.`,
    `A picture is read from a cold start in ${count(ours * 1000)} ms, where a bare script that only loads sharp and onnxruntime-node takes ${count(bare * 1000)} ms;`,
    `the 10,000 test pictures are verified in ${verify.toFixed(1)} s, start included.`,
    `LeNet-5 trained on generated digits alone, recipe \`quick\`, reads ${percent(generatedDigits, 1)} of MNIST's real test pictures.`,
  ].join('\n')
}

const PARTS = { networks, training, serving, sentences }

const before = readFileSync('README.md', 'utf8')
const after = before.replace(
  /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
  (_, begin, name, end) => `${begin}\n${PARTS[name]()}\n\n${end}`,
)
if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('README.md: its generated parts differ from models/ and docs/figures.json. Run: npm run readme')
    process.exitCode = 1
  }
} else if (existsSync('README.md')) {
  writeFileSync('README.md', after)
}
