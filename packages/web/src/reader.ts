/** Reading digits without the element: for those who bring their own interface. */

import { offerBinary } from './runtime/offer-binary.js'
import { type PictureSource, readPicture } from './runtime/picture.js'
import type {
  FeatureStage,
  ModelSource,
  OpenedModel,
  OpenParams,
  Progress,
  Reading,
  RgbaPicture,
  WebProvider,
} from './runtime/protocol.js'
import { type ReadingWorker, singleThreaded, threaded } from './runtime/reading-worker.js'
import { mostThreads } from './runtime/threads.js'
import type { WorkerClient } from './runtime/worker-client.js'

export interface ReaderOptions {
  /** URL of an .onnx file, or its bytes. By default the one that lies beside this script. */
  readonly model?: ModelSource
  /** `wasm` by default. `webgpu` loads a runtime of twice the size, and falls back where there is none. */
  readonly provider?: WebProvider
  /**
   * By default one for a network of less than a million parameters, which more do not make faster; for larger ones one a core, four at
   * most, where the page is cross-origin isolated.
   */
  readonly threads?: number
  readonly onProgress?: (progress: Progress) => void
}

export interface ClassifyOptions {
  /** Whether the ink is lighter than the paper, where that is known. By default it is found out. */
  readonly lightOnDark?: boolean
}

/** An open model. Close it when it is no longer wanted. */
export interface DigitReader {
  readonly info: Omit<OpenedModel, 'handle'>
  /** Finds the digit in a picture, frames it as MNIST's are, and reads it. */
  classify(picture: PictureSource | RgbaPicture, options?: ClassifyOptions): Promise<Reading>
  /** Logits [n × 10] of digits that are framed already, `images` [n × 784], paper 0, ink 255. */
  logits(images: Uint8Array): Promise<Float32Array>
  /** What each layer makes of a framed digit. */
  featureMaps(digit: Uint8Array): Promise<readonly FeatureStage[]>
  close(): Promise<void>
}

/** The build writes it here: where the model of `mnist-infer`'s own default lies, beside this script. */
declare const DEFAULT_MODEL_PATH: string

/** The model that lies beside the built script. */
export const DEFAULT_MODEL_URL = new URL(DEFAULT_MODEL_PATH, import.meta.url).href

/** @throws ProblemError where the model or the runtime can't be had, or can't run here. */
export async function openReader({
  model = DEFAULT_MODEL_URL,
  provider = 'wasm',
  threads,
  onProgress,
}: ReaderOptions = {}): Promise<DigitReader> {
  const source = typeof model === 'string' ? new URL(model, document.baseURI).href : model
  const place = threads === undefined || threads === 1 ? singleThreaded : threaded
  const params = { model: source, provider, threads }
  const { worker, release, opened } = await openIn(place, params, onProgress === undefined ? {} : { onProgress })
  const { handle, ...info } = opened
  let open = true
  return {
    info,
    async classify(picture, { lightOnDark } = {}) {
      const rgba = 'rgba' in picture ? picture : await readPicture(picture)
      return worker.request('classify', { handle, picture: rgba, lightOnDark })
    },
    logits: (images) => worker.request('logits', { handle, images }),
    featureMaps: (digit) => worker.request('featureMaps', { handle, digit }),
    async close() {
      if (!open) return
      open = false
      await worker.request('close', { handle }).catch(() => null)
      release()
    },
  }
}

interface OpenedIn {
  readonly worker: WorkerClient
  readonly release: () => void
  readonly opened: OpenedModel
}

/** How large a network is shows when its file is here: one that threads make faster moves on to where they are. */
async function openIn(
  place: ReadingWorker,
  params: OpenParams,
  options: { onProgress?: (progress: Progress) => void },
): Promise<OpenedIn> {
  const worker = place.acquire()
  const release = () => place.release()
  if (params.provider === 'wasm') offerBinary(worker)
  const opened = await worker.request('open', params, options).catch((error: unknown) => {
    release()
    throw error
  })
  if (!('wantsThreads' in opened)) return { worker, release, opened }
  release()
  return openIn(threaded, { ...params, threads: mostThreads(), bytes: opened.wantsThreads }, options)
}

/**
 * Starts to load what reading takes, the worker and the runtime, and keeps it for good: for pages that will read and have not come to
 * it yet. The model comes with the reader.
 */
export function preload(): void {
  offerBinary(singleThreaded.acquire())
}

let shared: Promise<DigitReader> | undefined

/**
 * Reads the digit in a picture, with the model beside this script. The first call loads it; it stays open from then on.
 * @throws ProblemError where the picture, the model or the runtime can't be had.
 */
export async function classify(picture: PictureSource, options?: ClassifyOptions): Promise<Reading> {
  shared ??= openReader().catch((error: unknown) => {
    shared = undefined
    throw error
  })
  return (await shared).classify(picture, options)
}
