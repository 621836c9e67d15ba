// `npm start`: the whole pipeline in a few minutes, each step by the command that a user would type.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Runs a command in the open; returns what it printed where `capture` asks for it. Ends the process where it fails. */
function run(command, args, { capture = false } = {}) {
  console.log(`\n$ npx ${command} ${args.map((arg) => (/\s/.test(arg) ? `'${arg}'` : arg)).join(' ')}`)
  const { status, stdout, error } = spawnSync(join('node_modules', '.bin', command), args, {
    stdio: ['inherit', capture ? 'pipe' : 'inherit', 'inherit'],
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (error !== undefined) console.error(`${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
  return stdout
}

const { folder } = JSON.parse(run('mnist-train', ['lenet5', '--recipe', 'quick', '--json'], { capture: true }))
const model = join(folder, 'lenet5.onnx')
run('mnist-export', [folder, '-o', model])
run('mnist-infer', ['verify', '--model', model])
run('mnist-infer', ['test/fixtures/pictures/digit.png', '--model', model, '--show'])

console.log(`
Where everything lies:
  ${folder}
    results*.txt, metrics.jsonl   what each epoch yielded
    curves.svg, curves.png        the same as a picture
    model/                        the TensorFlow.js LayersModel
    lenet5.onnx                   the ONNX model
    checkpoint/                   to go on from, bit for bit

Next:
  npx mnist-infer your-digit.png --model ${model}
  npx mnist-train --help`)
