/** Sessions on onnxruntime-node: the one door to it. It is loaded at first use; 60 ms that `--help` need not spend. */
import { readFile } from 'node:fs/promises'
import { UserError } from 'mnist-export/errors'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { damage, readSeal } from '../setup/staging.js'
import { cudaLoadError, cudaObstacle, findCudaFolder, preloadCuda, useCudaFolder } from './cuda-library.js'
import { chooseProvider, PREFERRED } from './provider.js'
import type { ProviderName, RunOptions, RuntimeTensor, Session, SessionOptions } from './session.js'

type Ort = typeof import('onnxruntime-node')

let loading: Promise<Ort> | undefined

/** onnxruntime-node. Loading it early, while pictures are read, hides the time that it takes. */
export function loadRuntime(): Promise<Ort> {
  loading ??= load().catch((cause: unknown) => {
    loading = undefined
    throw new UserError('ENVIRONMENT', `onnxruntime-node: expected it to load, found: ${firstLine(cause)}`, { cause })
  })
  return loading
}

async function load(): Promise<Ort> {
  const folder = findCudaFolder()
  if (folder !== undefined) useCudaFolder(folder)
  const ort = await import('onnxruntime-node')
  // Errors come back as exceptions; its log, on standard error, would only say them twice.
  ort.env.logLevel = 'fatal'
  return ort
}

/**
 * Opens a model, given as a path or as the bytes of the file.
 *
 * @throws UserError ENVIRONMENT where the provider asked for cannot be had, INPUT where ONNX Runtime does not take the model.
 */
export async function openSession(model: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const ort = await loadRuntime()
  const { session, report } = await chooseProvider(options.provider ?? 'auto', {
    preferred: PREFERRED,
    open: (provider) => openWith(ort, { model, provider, options }),
  })
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    provider: report,
    run: (feeds, runOptions) => run(ort, { session, feeds, options: runOptions ?? {} }),
    close: () => session.release(),
  }
}

interface Opening {
  readonly model: string | Uint8Array
  readonly provider: ProviderName
  readonly options: SessionOptions
}

async function openWith(ort: Ort, { model, provider, options }: Opening): Promise<InferenceSession> {
  // onnxruntime-node leaves out a provider that it does not know, and would go on on the CPU without a word.
  if (provider === 'wasm') throw new Error('onnxruntime-node has no such provider')
  if (provider === 'cuda') await prepareCuda()
  const { threads, memoryPattern = true } = options
  const sessionOptions: InferenceSession.SessionOptions = {
    // The CPU takes what another provider has no kernel for; where the provider itself is missing, creation fails.
    executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    enableMemPattern: memoryPattern,
    logSeverityLevel: 4,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads, interOpNumThreads: 1 }),
  }
  try {
    const computable = provider === 'webgpu' ? await forWebGpu(model) : model
    // Two calls, since the overloads take no union.
    return await (typeof computable === 'string'
      ? ort.InferenceSession.create(computable, sessionOptions)
      : ort.InferenceSession.create(computable, sessionOptions))
  } catch (cause) {
    const folder = provider === 'cuda' ? findCudaFolder() : undefined
    const said = folder === undefined ? undefined : cudaLoadError(folder)
    throw said === undefined ? cause : new Error(said, { cause })
  }
}

/** A path stays one where its file needs no mending: it may have companions. */
async function forWebGpu(model: string | Uint8Array): Promise<string | Uint8Array> {
  const { mendedForWebGpu } = await import('./webgpu-convolutions.js')
  if (typeof model !== 'string') return mendedForWebGpu(model)
  const bytes = await readFile(model)
  const mended = mendedForWebGpu(bytes)
  return mended === bytes ? model : mended
}

/** @throws Error where it is plain that there is no CUDA here */
async function prepareCuda(): Promise<void> {
  const obstacle = cudaObstacle()
  if (obstacle !== undefined) throw new Error(obstacle)
  const folder = findCudaFolder()
  if (folder === undefined) return
  // A library that was cut short doesn't fail to load: it ends the process.
  const seal = await readSeal(folder)
  const damaged = seal === undefined ? undefined : await damage(folder, seal)
  if (damaged !== undefined) throw new Error(damaged)
  preloadCuda(folder)
}

interface Run {
  readonly session: InferenceSession
  readonly feeds: Readonly<Record<string, RuntimeTensor>>
  readonly options: RunOptions
}

async function run(ort: Ort, { session, feeds, options }: Run): Promise<Record<string, RuntimeTensor>> {
  const given: Record<string, Tensor> = {}
  for (const [name, value] of Object.entries(feeds)) given[name] = ortTensor(ort, value)
  const names = options.outputs ?? session.outputNames
  const fetches: Record<string, Tensor | null> = {}
  for (const name of names) {
    const target = options.into?.[name]
    fetches[name] = target === undefined ? null : ortTensor(ort, target)
  }
  const results = await session.run(given, fetches)
  const outputs: Record<string, RuntimeTensor> = {}
  for (const name of names) {
    const { type, dims, data } = results[name] as Tensor
    outputs[name] = { type, dims, data } as RuntimeTensor
  }
  return outputs
}

/** A view, no copy. */
function ortTensor(ort: Ort, { type, dims, data }: RuntimeTensor): Tensor {
  return new ort.Tensor(type as 'float32', data as Float32Array, dims)
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}
