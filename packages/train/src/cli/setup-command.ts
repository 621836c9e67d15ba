/** `mnist-train setup <what>`: brings the native parts of an engine into the user's cache, or takes them out. */
import { stat } from 'node:fs/promises'
import { UserError } from 'mnist-export'
import { interruptible } from 'mnist-infer/setup'
import { removeTensorflow, setupTensorflow } from '../setup/setup-tensorflow.js'
import { removeWebgpu, setupWebgpu } from '../setup/setup-webgpu.js'
import type { TensorflowKind } from '../setup/tensorflow-wheels.js'

export interface SetupArguments {
  readonly what: 'tensorflow' | 'webgpu'
  readonly cuda: boolean
  readonly cpu: boolean
  readonly wheel: string | undefined
  readonly python: string | undefined
  readonly remove: boolean
}

export async function setupCommand(args: SetupArguments): Promise<void> {
  if (args.cuda && args.cpu) throw new UserError('USAGE', '--cuda, --cpu: expected one of them, found both')
  if (args.wheel !== undefined) await checkFolder(args.wheel)
  await (args.what === 'tensorflow' ? tensorflow(args) : webgpu(args))
}

async function tensorflow({ cuda, cpu, wheel, python, remove }: SetupArguments): Promise<void> {
  const kind: TensorflowKind | undefined = cuda ? 'cuda' : cpu ? 'cpu' : undefined
  if (remove) {
    const folders = await removeTensorflow(kind)
    say(folders.length === 0 ? 'tensorflow: was not set up' : `tensorflow: removed ${folders.join(', ')}`)
    return
  }
  const done = await interruptible((signal) => setupTensorflow({ kind, from: wheel, python, signal, onStep }))
  const engine = done.kind === 'cuda' ? 'tfjs-gpu' : 'tfjs-node'
  say(`${done.wasThere ? 'was set up already' : 'done'}: ${done.device}; in ${done.folder}`)
  say(`train with it: mnist-train --engine ${engine}`)
}

async function webgpu({ cuda, cpu, wheel, python, remove }: SetupArguments): Promise<void> {
  if (cuda || cpu || python !== undefined) {
    throw new UserError(
      'USAGE',
      'setup webgpu: expected none of --cuda, --cpu and --python, which are of setup tensorflow',
    )
  }
  if (remove) {
    say((await removeWebgpu()) ? 'webgpu: removed' : 'webgpu: was not set up')
    return
  }
  const { folder, wasThere } = await interruptible((signal) => setupWebgpu({ from: wheel, signal, onStep }))
  say(`${wasThere ? 'was set up already' : 'done'}: in ${folder}`)
  say('train with it: mnist-train --engine tfjs-webgpu')
}

/** Before anything is fetched: where the name is wrong, npm would be asked instead. */
async function checkFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) return
  const what = found === undefined ? 'nothing' : 'a file: name the folder that it is in'
  throw new UserError('INPUT', `--wheel ${path}: expected a folder with the wheels and npm packages, found ${what}`)
}

function onStep(step: string): void {
  say(`${step} …`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
