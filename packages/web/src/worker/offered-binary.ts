/**
 * The runtime's binary, where the page downloads it: that begins before this worker has started, which is half the time to the first
 * answer on a good line.
 */
import { ProblemError } from '../problem.js'
import { BINARIES } from '../runtime/binaries.js'
import { keepLater } from '../runtime/download.js'
import type { BinaryNews } from '../runtime/protocol.js'

type Told = (loaded: number, total: number) => void

interface Offer {
  readonly bytes: Promise<Uint8Array>
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: ProblemError) => void
  told: Told | undefined
}

let offer: Offer | undefined

/** What the page has to say of it. */
export function binaryNews(news: BinaryNews): void {
  if (news.type === 'coming') offer ??= begun()
  else if (news.type === 'progress') offer?.told?.(news.loaded, news.total)
  else if (news.type === 'failed') offer?.reject(new ProblemError(news.problem, news.message))
  else {
    if (!news.kept) keepLater(BINARIES.wasm.href, news.bytes)
    offer?.resolve(news.bytes)
  }
}

/**
 * Takes the offer: undefined where there is none, or none any more.
 * @throws ProblemError where the page could not have it
 */
export function offeredBinary(told: Told): Promise<Uint8Array> | undefined {
  if (offer === undefined) return undefined
  const { bytes } = offer
  offer.told = told
  // One that failed is not taken twice: who tries again downloads it.
  return bytes.finally(() => {
    offer = undefined
  })
}

function begun(): Offer {
  let resolve: Offer['resolve'] = () => {}
  let reject: Offer['reject'] = () => {}
  const bytes = new Promise<Uint8Array>((resolved, rejected) => {
    resolve = resolved
    reject = rejected
  })
  // Told to whoever takes it; nobody may.
  bytes.catch(() => {})
  return { bytes, resolve, reject, told: undefined }
}
