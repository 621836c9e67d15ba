/** ONNX Runtime in this worker: which build, how many threads, and what had to be done without. */
import { UserError } from 'mnist-export'
import { loadRuntime, openSession, type Session, type WebBuild } from 'mnist-infer/runtime/web'
import { ProblemError, type ProblemReport } from '../problem.js'
import { BINARIES, tryWebAssembly } from '../runtime/binaries.js'
import { download } from '../runtime/download.js'
import type { Progress, WebProvider } from '../runtime/protocol.js'
import { offeredBinary } from './offered-binary.js'
import { scope } from './scope.js'

export interface ThreadChoice {
  readonly threads: number
  /** Why not more. */
  readonly reason: string
  readonly notice: ProblemReport | undefined
}

let chosen: ThreadChoice | undefined

/** Threads are of the whole runtime: what the first model asks for holds for all. Where nothing is asked for it is one. */
export function chooseThreads(asked: number | undefined): ThreadChoice {
  chosen ??= threadsFor(asked)
  return chosen
}

function threadsFor(asked: number | undefined): ThreadChoice {
  if (!canHaveThreads()) {
    const reason = 'this page is not cross-origin isolated'
    const message = `Threads: expected a page with COOP and COEP headers, found: ${reason}. One thread does the work.`
    return {
      threads: 1,
      reason,
      notice: asked !== undefined && asked > 1 ? { problem: 'no-threads', message } : undefined,
    }
  }
  if (asked !== undefined) return { threads: asked, reason: '', notice: undefined }
  return { threads: 1, reason: 'the network is small', notice: undefined }
}

/** Whether another worker of this page could read with more threads than one. */
export function canHaveThreads(): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && scope.crossOriginIsolated
}

/** @throws ProblemError where neither the page's policy nor the browser lets WebAssembly run. */
export function assertWebAssembly(): void {
  try {
    tryWebAssembly()
  } catch (cause) {
    const remedy = "the page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'"
    throw new ProblemError(
      'webassembly-blocked',
      `WebAssembly: expected that it may run, found it blocked: ${remedy}.`,
      {
        cause,
      },
    )
  }
}

export interface OpenOptions {
  readonly threads: number
  readonly onProgress: (progress: Progress) => void
  /** As ONNX Runtime's own: planned memory is twice as much for a training step, at the same speed. */
  readonly memoryPattern?: boolean
  /** Which build of the runtime; by default that of the provider. */
  readonly build?: WebBuild
}

/** Loads what `openModel` will need; resolves when it is here, or will not be: a failure is `openModel`'s to tell. */
export async function preload(provider: WebProvider, options: OpenOptions): Promise<void> {
  await loadRuntime(provider, runtimeOptions(options)).catch(() => {})
}

/** @throws ProblemError `runtime-unavailable`, `no-webgpu` or `model-unreadable`. */
export async function openModel(model: Uint8Array, provider: WebProvider, options: OpenOptions): Promise<Session> {
  await assertProvider(provider)
  try {
    const { memoryPattern = true, build = provider } = options
    return await openSession(model, { provider, build, memoryPattern, ...runtimeOptions(options) })
  } catch (cause) {
    throw openingProblem(cause, provider)
  }
}

function runtimeOptions({ threads, onProgress }: OpenOptions) {
  return {
    threads,
    binary: (build: WebBuild) => {
      const told = (loaded: number, total: number) => onProgress({ type: 'download', what: 'runtime', loaded, total })
      const offered = build === 'wasm' ? offeredBinary(told) : undefined
      return offered ?? download(BINARIES[build].href, { immutable: true, onProgress: told })
    },
  }
}

/** The runtime would take 27 MB before it found out. */
async function assertProvider(provider: WebProvider): Promise<void> {
  if (provider !== 'webgpu') return
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } }
  const adapter = await gpu?.requestAdapter().catch(() => null)
  if (adapter) return
  const found = gpu === undefined ? 'this browser has none' : 'no graphics adapter that may be used'
  throw new ProblemError('no-webgpu', `WebGPU: expected a graphics adapter, found: ${found}. WebAssembly takes over.`)
}

function openingProblem(cause: unknown, provider: WebProvider): ProblemError {
  const { cause: inner } = cause as { cause?: unknown }
  if (inner instanceof ProblemError) return inner
  if (cause instanceof ProblemError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  if (provider === 'webgpu')
    return new ProblemError('no-webgpu', `WebGPU: ${message}. WebAssembly takes over.`, { cause })
  if (!(cause instanceof UserError)) return new ProblemError('internal', message, { cause })
  // ONNX Runtime was never reached where its files could not be loaded; where it was, it did not take the model.
  if (cause.code === 'INPUT') return new ProblemError('model-unreadable', message, { cause })
  return new ProblemError('runtime-unavailable', message, { cause })
}
