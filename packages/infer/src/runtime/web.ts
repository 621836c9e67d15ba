/**
 * Sessions on onnxruntime-web: the one door to it. Two builds of it, each loaded at first use: `wasm` (14 MB) and `webgpu` (27 MB,
 * with its own WASM provider inside). Loaded by bundlers and pages; nothing here needs Node.
 */
import { UserError } from 'mnist-export/errors'
import type { InferenceSession, Tensor } from 'onnxruntime-web/wasm'
import { chooseProvider } from './provider.js'
import type { ProviderName, RunOptions, RuntimeTensor, Session, SessionOptions } from './session.js'

type Ort = typeof import('onnxruntime-web/wasm')

/** Which of onnxruntime-web's builds: that of its `/wasm` entry or of its `/webgpu` entry. */
export type WebBuild = 'wasm' | 'webgpu'

export interface WebSessionOptions extends SessionOptions {
  /** Which build opens it; by default that of the provider. The `webgpu` build has WebAssembly too, for comparison. */
  readonly build?: WebBuild
  /**
   * Brings a build's .wasm file, so that a caller can show how far it is and keep it. By default onnxruntime-web fetches the file
   * that lies beside it. Asked once for each build.
   */
  readonly binary?: (build: WebBuild) => Promise<Uint8Array>
}

/** What `auto` tries on the web. WebGPU is not among them: its build is twice as large, and small networks are slower on it. */
const PREFERRED: readonly ProviderName[] = ['wasm']

const loading = new Map<WebBuild, Promise<Ort>>()

/**
 * onnxruntime-web, ready to open sessions. `threads` is of the whole build, not of a session: the first call decides. More than
 * one needs a page that is cross-origin isolated.
 * @throws UserError ENVIRONMENT where it does not load or the page's policy forbids WebAssembly; the next call tries again.
 */
export function loadRuntime(
  build: WebBuild,
  options: Pick<WebSessionOptions, 'threads' | 'binary'> = {},
): Promise<Ort> {
  const known = loading.get(build)
  if (known !== undefined) return known
  const begun = load(build, options).catch((cause: unknown) => {
    loading.delete(build)
    if (cause instanceof UserError) throw cause
    throw new UserError('ENVIRONMENT', `onnxruntime-web: expected it to load, found: ${firstLine(cause)}`, { cause })
  })
  loading.set(build, begun)
  return begun
}

async function load(
  build: WebBuild,
  { threads = 1, binary }: Pick<WebSessionOptions, 'threads' | 'binary'>,
): Promise<Ort> {
  const [ort, wasmBinary] = await Promise.all([
    (build === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm')) as Promise<Ort>,
    binary?.(build),
  ])
  ort.env.wasm.numThreads = threads
  // Errors come back as exceptions; its log would only say them twice.
  ort.env.logLevel = 'fatal'
  if (wasmBinary !== undefined) ort.env.wasm.wasmBinary = wasmBinary
  return ort
}

/**
 * Opens a model from the bytes of its file.
 *
 * @throws UserError ENVIRONMENT where the provider asked for cannot be had, INPUT where ONNX Runtime does not take the model.
 */
export async function openSession(model: Uint8Array, options: WebSessionOptions = {}): Promise<Session> {
  const { session, report } = await chooseProvider(options.provider ?? 'auto', {
    preferred: PREFERRED,
    open: async (provider) => ({ provider, ...(await openWith({ model, provider, options })) }),
  })
  return {
    inputs: session.session.inputNames,
    outputs: session.session.outputNames,
    provider: report,
    run: (feeds, runOptions) => run({ ...session, feeds, options: runOptions ?? {} }),
    close: () => session.session.release(),
  }
}

interface Opening {
  readonly model: Uint8Array
  readonly provider: ProviderName
  readonly options: WebSessionOptions
}

async function openWith({ model, provider, options }: Opening): Promise<{ ort: Ort; session: InferenceSession }> {
  if (provider !== 'wasm' && provider !== 'webgpu') {
    throw new UserError('ENVIRONMENT', `provider ${provider}: expected wasm or webgpu, which web pages have`)
  }
  const ort = await loadRuntime(options.build ?? provider, options)
  const computable = provider === 'webgpu' ? (await import('./webgpu-convolutions.js')).mendedForWebGpu(model) : model
  const session = await ort.InferenceSession.create(computable, {
    executionProviders: [provider],
    enableMemPattern: options.memoryPattern ?? true,
    logSeverityLevel: 4,
  })
  return { ort, session }
}

interface Run {
  readonly ort: Ort
  readonly session: InferenceSession
  readonly feeds: Readonly<Record<string, RuntimeTensor>>
  readonly options: RunOptions
}

async function run({ ort, session, feeds, options }: Run): Promise<Record<string, RuntimeTensor>> {
  const given: Record<string, Tensor> = {}
  for (const [name, { type, dims, data }] of Object.entries(feeds)) {
    given[name] = new ort.Tensor(type as 'float32', data as Float32Array, dims)
  }
  const names = options.outputs ?? session.outputNames
  const results = await session.run(given, [...names])
  const outputs: Record<string, RuntimeTensor> = {}
  for (const name of names) outputs[name] = handedOut(results[name] as Tensor, options.into?.[name])
  return outputs
}

/** onnxruntime-web always makes new arrays; where the caller has one, it gets the values. */
function handedOut({ type, dims, data }: Tensor, target: RuntimeTensor | undefined): RuntimeTensor {
  if (target === undefined) return { type, dims, data } as RuntimeTensor
  const into = target.data as Float32Array
  into.set(data as Float32Array)
  return { type: target.type, dims, data: into }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}

export { float32, int64, type RuntimeTensor, type Session } from './session.js'
