// Training speed of tfjs on native TensorFlow against TensorFlow's own Python, the same version, whole steps by turns.
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { recipeOf } from 'mnist-train'
import { tensorflowPython } from './python.js'
import { compare, rawDigits } from './train.js'

/** Below this share of TensorFlow's speed our loop, not TensorFlow, would be what is slow. */
const FLOOR = 0.9

/** Prints a line a comparison, and returns them as `bench train` does. */
export async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
      batch: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      variants: { type: 'string', default: 'eager,graph' },
    },
  })
  const networks = positionals.length > 0 ? positionals : ['lenet5', 'resnet18']
  const { threads } = values
  const [python, rounds] = [await tensorflowPython(), Number(values.rounds)]
  const folder = await mkdtemp(join(tmpdir(), 'mnist-bench-'))
  const results = []
  try {
    const data = await rawDigits(folder)
    for (const network of networks) {
      const batch = Number(values.batch ?? recipeOf(network, 'default').batchSize)
      const compared = {
        network,
        batch,
        threads,
        rounds,
        engine: 'tfjs-node',
        python,
        data,
        peer: 'train-tensorflow.py',
      }
      for (const variant of values.variants.split(',')) {
        const result = await compare({ ...compared, variant })
        results.push(result)
        if (result.ratio < FLOOR) console.log(`${network}: below the floor of ${FLOOR}`)
      }
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  return results
}
