/** A mirror on this machine that can be told to misbehave. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the mirror does with one request; `content` is the whole file. */
export type Answer = (exchange: { incoming: IncomingMessage; outgoing: ServerResponse; content: Buffer }) => void

export interface Mirror {
  readonly url: string
  /** Each request so far: its path and the range that it asked for, `whole` without one. */
  readonly requests: string[]
  stop(): Promise<void>
}

/** Serves `files`; the n-th request is answered by `answers[n]`, those after the last one as they should be. */
export async function startMirror(
  files: Readonly<Record<string, Buffer>>,
  answers: readonly Answer[] = [],
): Promise<Mirror> {
  const requests: string[] = []
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url ?? '/', 'http://any')
    const answer = answers[requests.length] ?? honest
    requests.push(`${pathname.slice(1)} ${incoming.headers.range ?? 'whole'}`)
    const content = files[pathname.slice(1)]
    if (content === undefined) outgoing.writeHead(404).end()
    else answer({ incoming, outgoing, content })
  })
  return { url: await listen(server), requests, stop: () => stop(server) }
}

function etagOf(content: Buffer): string {
  return `"${createHash('sha256').update(content).digest('hex')}"`
}

/** As RFC 9110 has it: the rest for a range of the same file, else the whole. */
export const honest: Answer = ({ incoming, outgoing, content }) => {
  const etag = etagOf(content)
  const start = Number(/^bytes=(\d+)-$/.exec(incoming.headers.range ?? '')?.[1])
  if (start >= 0 && incoming.headers['if-range'] === etag) {
    const rest = content.subarray(start)
    const range = `bytes ${start}-${content.length - 1}/${content.length}`
    outgoing.writeHead(206, { etag, 'content-length': rest.length, 'content-range': range }).end(rest)
  } else outgoing.writeHead(200, { etag, 'content-length': content.length }).end(content)
}

/** Sends `count` bytes of the whole, or of the rest that was asked for, and breaks the connection. */
export function cutAfter(count: number): Answer {
  return sendThen(count, (outgoing) => outgoing.destroy())
}

/** Sends `count` bytes and then nothing more, without an end. */
export function stallAfter(count: number): Answer {
  return sendThen(count, () => {})
}

function sendThen(count: number, then: (outgoing: ServerResponse) => void): Answer {
  return ({ incoming, outgoing, content }) => {
    const start = Number(/^bytes=(\d+)-$/.exec(incoming.headers.range ?? '')?.[1] ?? 0)
    const range = `bytes ${start}-${content.length - 1}/${content.length}`
    outgoing.writeHead(start > 0 ? 206 : 200, {
      etag: etagOf(content),
      'content-length': content.length - start,
      ...(start > 0 ? { 'content-range': range } : {}),
    })
    outgoing.write(content.subarray(start, start + count), () => then(outgoing))
  }
}

/** Answers with nothing but a status. */
export function status(code: number): Answer {
  return ({ outgoing }) => outgoing.writeHead(code).end()
}

/** Takes the request and says nothing. */
export const silent: Answer = () => {}

/** Serves other bytes as if they were the file. */
export function instead(bytes: Buffer): Answer {
  return ({ incoming, outgoing }) => honest({ incoming, outgoing, content: bytes })
}

/** Gives the whole whatever part is asked for. */
export const wholeAlways: Answer = ({ outgoing, content }) =>
  outgoing.writeHead(200, { etag: etagOf(content), 'content-length': content.length }).end(content)

/** A forward proxy for plain http, which notes what went through it. */
export async function startProxy(): Promise<Mirror> {
  const requests: string[] = []
  const server = createServer((incoming, outgoing) => {
    requests.push(incoming.url ?? '')
    const { method, headers } = incoming
    const onwards = request(incoming.url ?? '', { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onwards.on('error', () => outgoing.writeHead(502).end())
    incoming.pipe(onwards)
  })
  return { url: await listen(server), requests, stop: () => stop(server) }
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`))
  })
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
