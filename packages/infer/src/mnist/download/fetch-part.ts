/** One request that brings a part file up to its whole length, from where it stands. */
import type { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
import { fail, isFailure } from './failure.js'
import { isFolderError } from './folder-error.js'
import type { Part } from './part-file.js'

export interface FetchOptions {
  readonly url: string
  readonly part: Part
  /** No answer is longer, in bytes. */
  readonly limit: number
  readonly dispatcher: Dispatcher
  readonly patience: Patience
  readonly signal: AbortSignal | undefined
  /** `received` and `total` bytes, after each piece. */
  readonly onBytes: (received: number, total: number | undefined) => void
}

/** How long a server may keep us waiting, in milliseconds. */
export interface Patience {
  /** Until it answers at all. */
  readonly answer: number
  /** Between two pieces of an answer. */
  readonly silence: number
}

/** @throws Failure for all that the server and the way to it do wrong; the part keeps what came before. */
export async function fetchPart({ signal, patience, ...options }: FetchOptions): Promise<void> {
  const watch = new AbortController()
  const signals = signal === undefined ? [watch.signal] : [watch.signal, signal]
  const late = (what: string, limit: number): NodeJS.Timeout =>
    setTimeout(() => watch.abort(fail('silent', `${what} for ${limit / 1000} s`)), limit)
  let timer = late('no answer', patience.answer)
  let hasAnswered = false
  try {
    const stopped = AbortSignal.any(signals)
    const answer = await ask(options, stopped)
    // Listening begins before anything is waited for: what comes meanwhile, an error too, isn't lost.
    const coming = pieces(answer.body)
    const total = await accept(answer, options)
    hasAnswered = true
    const { part, limit, onBytes } = options
    onBytes(part.received, total)
    for await (const chunk of coming) {
      clearTimeout(timer)
      if (part.received + chunk.length > limit) throw fail('content', `more than ${limit} bytes`)
      await part.append(chunk)
      onBytes(part.received, total)
      timer = late('silence', patience.silence)
    }
    if (total !== undefined && part.received < total) {
      throw fail('cut', `an end after ${part.received} of ${total} bytes`)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw watch.signal.aborted ? watch.signal.reason : networkFailure(error, hasAnswered)
  } finally {
    clearTimeout(timer)
  }
}

/** Pieces that may wait to be written before the connection is made to wait. */
const MAX_WAITING = 64

/**
 * The stream's pieces as they come. Other than the stream's own iterator, which drops what is waiting when the connection
 * breaks, it gives all that has come before it ends with the error.
 */
function pieces(stream: Readable): AsyncGenerator<Uint8Array> {
  const waiting: Uint8Array[] = []
  let end: { error?: unknown } | undefined
  let wake = (): void => {}
  stream.on('data', (piece: Uint8Array) => {
    waiting.push(piece)
    if (waiting.length >= MAX_WAITING) stream.pause()
    wake()
  })
  const finish = (error?: unknown): void => {
    end ??= { error }
    wake()
  }
  stream.on('end', finish).on('error', finish).on('close', finish)
  return (async function* () {
    try {
      while (true) {
        const piece = waiting.shift()
        if (piece !== undefined) yield piece
        else if (end?.error !== undefined) throw end.error
        else if (end !== undefined) return
        else {
          stream.resume()
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    } finally {
      stream.destroy()
    }
  })()
}

type Asked = Pick<FetchOptions, 'url' | 'part' | 'limit' | 'dispatcher'>

function ask({ url, part, dispatcher }: Asked, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const { origin, received } = part
  // Without a validator the rest could be the rest of another file.
  const goesOn = received > 0 && origin?.url === url && origin.validator !== undefined
  return request(url, {
    dispatcher,
    signal,
    // The watch above sees to time.
    headersTimeout: 0,
    bodyTimeout: 0,
    headers: {
      'accept-encoding': 'identity',
      ...(goesOn ? { range: `bytes=${received}-`, 'if-range': origin.validator as string } : {}),
    },
  })
}

/** Makes the part ready for the answer's body; returns the whole length, where it is said. */
async function accept(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  asked: Asked,
): Promise<number | undefined> {
  const { url, part, limit } = asked
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headerOf(headers, 'content-range') ?? '')
  if (statusCode === 206 && part.received > 0 && Number(range?.[1]) === part.received) {
    return range?.[2] === '*' ? undefined : Number(range?.[2])
  }
  if (statusCode !== 200) {
    body.destroy()
    // A range that can't be had: what is here isn't a part of it, the next request asks for the whole.
    if (statusCode === 416 || statusCode === 206) {
      await part.begin({ url, validator: undefined })
      throw fail('cut', `HTTP status ${statusCode} to a request for the rest`)
    }
    const isPassing = statusCode >= 500 || statusCode === 408 || statusCode === 429
    throw fail(isPassing ? 'busy' : 'refused', `HTTP status ${statusCode}`)
  }
  const length = headerOf(headers, 'content-length')
  const total = length === undefined ? undefined : Number(length)
  if (total !== undefined && total > limit) {
    body.destroy()
    throw fail('content', `${total} bytes, more than ${limit}`)
  }
  const etag = headerOf(headers, 'etag')
  const validator = etag?.startsWith('"') ? etag : headerOf(headers, 'last-modified')
  await part.begin({ url, validator })
  return total
}

function headerOf(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** What the codes of Node's and undici's errors mean. */
const NETWORK_ERRORS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'no answer from the name service',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENETUNREACH: 'network unreachable',
  EHOSTUNREACH: 'host unreachable',
  ETIMEDOUT: 'connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'connection timed out',
  UND_ERR_SOCKET: 'connection closed by the other side',
}

/** Errors of the file system pass as they are; those of the network become failures. */
function networkFailure(error: unknown, hasAnswered: boolean): unknown {
  if (isFailure(error) || isFolderError(error)) return error
  const { code, message } = error as NodeJS.ErrnoException
  const meaning = code === undefined ? undefined : NETWORK_ERRORS[code]
  return fail(hasAnswered ? 'cut' : 'unreachable', meaning ?? message, error)
}
