/** `mnist-infer setup cuda`: brings ONNX Runtime's CUDA provider into the user's cache, or takes it out. */
import { interruptible, removeCuda, setupCuda } from '../setup/index.js'

export interface SetupArguments {
  /** Empty: PyPI. */
  readonly fromWheel: string | undefined
  readonly python: string | undefined
  readonly systemLibraries: boolean
  readonly remove: boolean
}

export async function setupCommand({ fromWheel, python, systemLibraries, remove }: SetupArguments): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  if (remove) {
    say((await removeCuda()) ? 'cuda: removed' : 'cuda: was not set up')
    return
  }
  const from = fromWheel === '' ? undefined : fromWheel
  const { folder, wasThere } = await interruptible((signal) =>
    setupCuda({ from, python, systemLibraries, signal, onStep: (step) => say(`${step} …`) }),
  )
  say(`${wasThere ? 'was set up already' : 'done'}: in ${folder}`)
  say('try it: mnist-infer doctor')
}
