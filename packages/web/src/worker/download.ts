/** Files from hosts: with progress, and from the browser's cache where the host can't be reached. */
import { firstLine, ProblemError } from '../problem.js'

export interface DownloadOptions {
  /** Bytes so far and, where the host says it, in all (else 0). */
  readonly onProgress: (loaded: number, total: number) => void
  /** The file is the runtime's own: what the cache has is taken without asking the host. */
  readonly immutable: boolean
}

/** The build writes it here: version of onnxruntime-web. */
declare const RUNTIME_VERSION: string

/**
 * What was loaded stays here, so that the page works without a line later. Another runtime has another cache: its binary has the
 * old one's address.
 */
const CACHE = `mnist-digit ${RUNTIME_VERSION}`

/**
 * The bytes at `url`.
 * @throws ProblemError `model-not-found` where the host has no such file, `offline` where it can't be reached.
 */
export async function download(url: string, { onProgress, immutable }: DownloadOptions): Promise<Uint8Array> {
  const cache = await openCache()
  const kept = immutable ? await cache?.match(url) : undefined
  if (kept !== undefined) return new Uint8Array(await kept.arrayBuffer())
  const response = await fetched(url, cache)
  if (!response.ok) {
    throw new ProblemError(
      'model-not-found',
      `${url}: expected a file, found: HTTP ${response.status}: check the address`,
    )
  }
  const bytes = await read(response, onProgress)
  // Nobody waits for the disk.
  void keep(cache, url, bytes)
  return bytes
}

async function fetched(url: string, cache: Cache | undefined): Promise<Response> {
  try {
    return await fetch(url, { credentials: 'same-origin' })
  } catch (cause) {
    const kept = await cache?.match(url)
    if (kept !== undefined) return kept
    const line = navigator.onLine ? 'the host does not answer, or does not allow this page' : 'you are offline'
    throw new ProblemError('offline', `${url}: expected to load it, found: ${line}: try again later`, { cause })
  }
}

/** How often progress is told of, in milliseconds: a fast line brings hundreds of pieces, and each costs the page a layout. */
const TOLD_EVERY = 60

async function read(response: Response, onProgress: DownloadOptions['onProgress']): Promise<Uint8Array> {
  // A compressed answer's length is of what goes over the line, not of what comes out.
  const encoded = response.headers.has('content-encoding')
  const total = encoded ? 0 : Number(response.headers.get('content-length') ?? 0)
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array(await response.arrayBuffer())
  const chunks: Uint8Array[] = []
  let loaded = 0
  // The first piece at once: a file is on its way.
  let told = Number.NEGATIVE_INFINITY
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      chunks.push(part.value)
      loaded += part.value.length
      if (performance.now() - told < TOLD_EVERY) continue
      told = performance.now()
      onProgress(loaded, total)
    }
  } catch (cause) {
    throw new ProblemError('offline', `${response.url}: expected all of it, found: ${firstLine(cause)}: try again`, {
      cause,
    })
  }
  const bytes = new Uint8Array(loaded)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/** Undefined where the browser has none for this page: without https, in private windows, in sandboxed frames. */
async function openCache(): Promise<Cache | undefined> {
  try {
    return await caches.open(CACHE)
  } catch {
    return undefined
  }
}

/** A full disk or a forbidden cache is no reason to fail: the file is here. */
async function keep(cache: Cache | undefined, url: string, bytes: Uint8Array): Promise<void> {
  try {
    await cache?.put(url, new Response(bytes.slice().buffer))
  } catch {
    // Loaded again next time.
  }
}
