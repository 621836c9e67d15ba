// Cold start of `mnist-infer` against a bare script, whole processes by turns; and the time to verify the test pictures.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { median } from './side.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const COMMAND = path('../packages/infer/bin/mnist-infer.js')
const PICTURE = path('../test/fixtures/pictures/digit.png')

/** Prints the figures, and returns them: seconds of our command, of the bare script, and of a verification. */
export async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '15' } },
  })
  const results = []
  const models = positionals.length > 0 ? positionals : ['lenet5']
  for (const name of models) {
    const model = name.endsWith('.onnx') ? name : path(`../models/${name}.onnx`)
    const turns = { ours: [], bare: [] }
    for (let round = 0; round <= Number(values.rounds); round++) {
      const ours = await seconds([COMMAND, PICTURE, '--model', model])
      const bare = await seconds([path('bare.js'), PICTURE, model])
      // The first round fills the disk's cache.
      if (round === 0) continue
      turns.ours.push(ours)
      turns.bare.push(bare)
    }
    const [mine, other] = [median(turns.ours), median(turns.bare)]
    console.log(
      `${name}: mnist-infer answers from a cold start in ${milliseconds(mine)}, a bare script in ${milliseconds(other)}, ` +
        `medians of ${values.rounds} turns: ratio ${(mine / other).toFixed(2)}`,
    )
    const verified = await seconds([COMMAND, 'verify', '--model', model, '--json'])
    console.log(`${name}: mnist-infer verify, the whole process: ${milliseconds(verified)}`)
    results.push({ model: name, ours: mine, bare: other, ratio: mine / other, verify: verified })
  }
  return results
}

async function seconds(command) {
  const start = performance.now()
  await execa(process.execPath, command)
  return (performance.now() - start) / 1000
}

function milliseconds(value) {
  return `${Math.round(value * 1000)} ms`
}
