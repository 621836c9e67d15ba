// Training speed: our engine and PyTorch take whole steps by turns, in processes of their own that wait while the other works.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadDataset } from 'mnist-infer/mnist'
import { NETWORK_NAMES, recipeOf } from 'mnist-train'
import { benchPython } from './python.js'
import { median, startSide } from './side.js'

/** Steps of a turn: some seconds of work for each network. */
const STEPS = { alexnet: 1, resnet18: 1 }
const LENET_STEPS = 60

/** Prints a line a comparison, and returns them: network, batch, threads, images/s of both sides, their ratio. */
export async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
      batch: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      engine: { type: 'string', default: 'onnx' },
      variants: { type: 'string', default: 'eager' },
    },
  })
  const networks = positionals.length > 0 ? positionals : NETWORK_NAMES
  const python = await benchPython()
  const folder = await mkdtemp(join(tmpdir(), 'mnist-bench-'))
  const results = []
  try {
    const data = await rawDigits(folder)
    for (const network of networks) {
      const batches = values.batch?.split(',').map(Number) ?? [recipeOf(network, 'default').batchSize]
      for (const batch of batches) {
        const compared = {
          network,
          batch,
          threads: values.threads,
          rounds: Number(values.rounds),
          engine: values.engine,
        }
        for (const variant of values.variants.split(','))
          results.push(await compare({ ...compared, variant, python, data }))
      }
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  return results
}

/** Our engine and `peer`, a script for `python`, take steps by turns; prints and returns both medians. */
export async function compare({
  network,
  batch,
  threads,
  rounds,
  engine,
  variant,
  python,
  data,
  peer = 'train-torch.py',
}) {
  const script = (name) => fileURLToPath(new URL(name, import.meta.url))
  const ours = await startSide(process.execPath, [script('train-ours.js'), network, batch, threads, engine].map(String))
  const theirs = await startSide(python, [script(peer), network, batch, threads, variant, ...data].map(String))
  const steps = STEPS[network] ?? LENET_STEPS
  // The first steps find memory and compile; neither side is measured on them.
  await ours.run(2)
  await theirs.run(2)
  const rates = { ours: [], theirs: [] }
  for (let round = 0; round < rounds; round++) {
    rates.ours.push(await ours.run(steps))
    rates.theirs.push(await theirs.run(steps))
  }
  await Promise.all([ours.close(), theirs.close()])
  const [mine, other] = [median(rates.ours), median(rates.theirs)]
  const count = threads === '1' ? '1 thread' : `${threads} threads`
  console.log(
    `${network} batch ${batch}, ${count}: ${engine} ${rate(mine)} images/s, ${theirs.facts.description} ${rate(other)} images/s, ` +
      `medians of ${rounds} turns: ratio ${(mine / other).toFixed(2)}`,
  )
  return {
    network,
    batch,
    threads: Number(threads),
    engine: ours.facts.description,
    other: theirs.facts.description,
    ours: mine,
    theirs: other,
    ratio: mine / other,
  }
}

/** The training pictures as raw bytes, for the other side. */
export async function rawDigits(folder) {
  const { train } = await loadDataset({ data: 'auto', onNotice: (line) => console.error(line) })
  const files = [join(folder, 'images'), join(folder, 'labels')]
  await writeFile(files[0], train.images)
  await writeFile(files[1], train.labels)
  return files
}

export function rate(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1)
}
