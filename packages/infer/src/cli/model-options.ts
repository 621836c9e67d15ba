/** Options of every command that opens a model. */
import type { Argv } from 'yargs'
import { DEFAULT_MODEL } from '../model/find.js'

const PROVIDERS = ['auto', 'cuda', 'webgpu', 'cpu', 'wasm'] as const

/** What is not said. */
export const MODEL_DEFAULTS = { model: DEFAULT_MODEL, provider: 'auto', threads: undefined } as const

export function modelOptions<T>(command: Argv<T>) {
  return providerOptions(command).option('model', {
    alias: 'm',
    type: 'string',
    default: MODEL_DEFAULTS.model,
    describe: 'Name or path of the ONNX model',
  })
}

export function providerOptions<T>(command: Argv<T>) {
  return command
    .option('provider', {
      choices: PROVIDERS,
      default: MODEL_DEFAULTS.provider,
      describe: 'What computes; auto: CUDA, else the CPU',
    })
    .option('threads', { type: 'number', describe: 'CPU threads (default: one a core)' })
}
