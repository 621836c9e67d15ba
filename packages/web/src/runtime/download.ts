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

export interface DownloadedFile {
  readonly bytes: Uint8Array
  /** It is in the browser's cache already. */
  readonly kept: boolean
}

/**
 * The bytes at `url`.
 * @throws ProblemError `model-not-found` where the host has no such file, `offline` where it can't be reached.
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const { bytes, kept } = await downloadFile(url, options)
  if (!kept) keepLater(url, bytes)
  return bytes
}

/** The same for who does not keep it here. @throws ProblemError as `download` */
export async function downloadFile(url: string, { onProgress, immutable }: DownloadOptions): Promise<DownloadedFile> {
  const given = new AbortController()
  // The host is asked at once: to open the browser's cache takes a tenth of a second on a first visit, which finds nothing in it.
  const answer = fetch(url, { credentials: 'same-origin', signal: given.signal })
  if (immutable) {
    answer.catch(() => {})
    const known = await keptCopy(url)
    if (known !== undefined) {
      given.abort()
      return { bytes: known, kept: true }
    }
  }
  let response: Response
  try {
    response = await answer
  } catch (cause) {
    const copy = await keptCopy(url)
    if (copy !== undefined) return { bytes: copy, kept: true }
    const line = navigator.onLine ? 'the host does not answer, or does not allow this page' : 'you are offline'
    throw new ProblemError('offline', `${url}: expected to load it, found: ${line}: try again later`, { cause })
  }
  if (!response.ok) {
    throw new ProblemError(
      'model-not-found',
      `${url}: expected a file, found: HTTP ${response.status}: check the address`,
    )
  }
  return { bytes: await read(response, onProgress), kept: false }
}

/** By URL: what the browser's cache is still to get. */
const unkept = new Map<string, Uint8Array>()

/** `bytes` must not change until they are kept. */
export function keepLater(url: string, bytes: Uint8Array): void {
  unkept.set(url, bytes)
}

/** Puts what was downloaded into the browser's cache. Not at once: the copies would take the processor from the opening of the model. */
export async function keepDownloads(): Promise<void> {
  for (const [url, bytes] of unkept) {
    await keep(url, bytes)
    unkept.delete(url)
  }
}

async function keptCopy(url: string): Promise<Uint8Array | undefined> {
  const waiting = unkept.get(url)
  if (waiting !== undefined) return waiting
  const response = await (await openCache())?.match(url)
  return response === undefined ? undefined : new Uint8Array(await response.arrayBuffer())
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
async function keep(url: string, bytes: Uint8Array): Promise<void> {
  try {
    const cache = await openCache()
    await cache?.put(url, new Response(bytes.slice().buffer))
  } catch {
    // Loaded again next time.
  }
}
