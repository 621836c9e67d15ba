// The page in Chromium: how soon it answers, how fast and how well it trains, and how it feels meanwhile. Needs a Chromium (CHROMIUM, or
// on the PATH).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { benchGenerated } from './web-generated.js'
import { LIBRARY } from './web-host.js'
import { benchLoad } from './web-load.js'
import { benchInput, benchMemory } from './web-session.js'
import { benchTraining } from './web-train.js'

/** Most bytes of the element and its glue, packed, beside the runtime. */
const MOST_BYTES = 40_000

const PARTS = {
  size: benchSize,
  load: benchLoad,
  input: benchInput,
  train: benchTraining,
  memory: benchMemory,
  accuracy: benchGenerated,
}

/** Prints a line a part, and returns what they found. */
export async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      epochs: { type: 'string', default: '50' },
      digits: { type: 'string', default: '60000' },
    },
  })
  const parts = positionals.length > 0 ? positionals : Object.keys(PARTS)
  const unknown = parts.find((part) => !Object.hasOwn(PARTS, part))
  if (unknown !== undefined)
    throw new Error(`bench web: expected parts among ${Object.keys(PARTS).join(', ')}, found ${unknown}`)
  const digits = Number(values.digits)
  const sizes = { train: digits, test: Math.round(digits / 6) }
  const results = {}
  for (const part of parts) {
    const options = { rounds: Number(values.rounds), epochs: Number(values.epochs), ...sizes }
    results[part] = await PARTS[part](part === 'memory' ? { ...options, train: 2000 } : options)
    if (!results[part].holds) console.log(`${part}: does not hold`)
  }
  return results
}

/** What a page that embeds the element loads beside the runtime and the model. */
async function benchSize() {
  const files = ['mnist-digit.js', 'element.js', 'worker.js']
  const packed = await Promise.all(files.map(async (file) => gzipSync(await readFile(join(LIBRARY, file))).length))
  const bytes = packed.reduce((sum, size) => sum + size)
  console.log(`size: element and glue ${(bytes / 1000).toFixed(1)} KB in gzip (at most ${MOST_BYTES / 1000})`)
  return { bytes, holds: bytes <= MOST_BYTES }
}
