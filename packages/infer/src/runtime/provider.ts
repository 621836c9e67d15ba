/** Which execution provider runs a model: the choice, tried rather than guessed, and its report. */
import { UserError } from 'mnist-export/errors'
import type { ProviderName, ProviderReport } from './session.js'

/** What `auto` tries in Node, fastest first. WebGPU is not among them: for networks this small it loses to the CPU. */
export const PREFERRED: readonly ProviderName[] = ['cuda', 'cpu']

/** What is missing where a provider cannot be had, and what brings it. */
const REMEDIES: Readonly<Record<ProviderName, string>> = {
  cuda: 'it needs an NVIDIA GPU and a library that this brings: mnist-infer setup cuda; or use --provider cpu',
  webgpu: 'it needs a GPU with a Vulkan, Metal or Direct3D 12 driver; use --provider cpu',
  wasm: 'it is the provider of web pages; in Node use --provider cpu',
  cpu: 'is the model a valid ONNX file?',
}

export interface ProviderAttempts<T> {
  readonly preferred: readonly ProviderName[]
  readonly open: (provider: ProviderName) => Promise<T>
}

export interface ChosenProvider<T> {
  readonly session: T
  readonly report: ProviderReport
}

/**
 * Opens with the provider asked for, or with the first of `preferred` that opens.
 *
 * @throws UserError INPUT where even the CPU does not take the model, ENVIRONMENT where the provider asked for is not here.
 */
export async function chooseProvider<T>(
  wanted: 'auto' | ProviderName,
  { preferred, open }: ProviderAttempts<T>,
): Promise<ChosenProvider<T>> {
  if (wanted !== 'auto') {
    try {
      return { session: await open(wanted), report: { name: wanted, reason: 'asked for', passedOver: [] } }
    } catch (cause) {
      throw wanted === 'cpu' ? rejectedModel(cause) : missingProvider(wanted, cause)
    }
  }
  const passedOver: { provider: ProviderName; reason: string }[] = []
  for (const provider of preferred) {
    try {
      const session = await open(provider)
      const reason = passedOver.length === 0 ? 'the fastest' : 'the fastest that can be had here'
      return { session, report: { name: provider, reason, passedOver } }
    } catch (cause) {
      if (provider === preferred.at(-1)) throw rejectedModel(cause)
      passedOver.push({ provider, reason: firstLine(cause) })
    }
  }
  throw new Error('internal: provider: expected one to try, found none')
}

function missingProvider(provider: ProviderName, cause: unknown): UserError {
  const message = `provider ${provider}: expected it to be here, found: ${firstLine(cause)}; ${REMEDIES[provider]}`
  return new UserError('ENVIRONMENT', message, { cause })
}

function rejectedModel(cause: unknown): UserError {
  return new UserError('INPUT', `model: expected one that ONNX Runtime takes, found: ${firstLine(cause)}`, { cause })
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}
