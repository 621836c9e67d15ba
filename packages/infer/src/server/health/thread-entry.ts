/**
 * The health thread: an HTTP server of its own, which no load on the other delays, so that a probe's time limit tells a server that hangs
 * from one that works hard. What it says is what the event loop told it last, unless that was too long ago.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { HealthAddress, HealthReply } from './messages.js'
import { type Health, verdict } from './verdict.js'

/** Ms without a word from the event loop after which it hangs: it never works on one thing for a second. */
const SILENCE = 5000

/** Probes are few and short. */
const [MOST_CONNECTIONS, TIMEOUT] = [256, 5000]

const QUESTIONS: Readonly<Record<string, keyof Health>> = { '/v2/health/live': 'live', '/v2/health/ready': 'ready' }

const port = parentPort as MessagePort
let told: Health = { live: '', ready: 'its workers start' }
let heard = performance.now()

// That it comes, again and again, is itself the news that the event loop turns.
port.on('message', (message: Health) => {
  told = message
  heard = performance.now()
})

const server = createServer({ headersTimeout: TIMEOUT, requestTimeout: TIMEOUT, maxHeaderSize: 8192 }, answer)
server.maxConnections = MOST_CONNECTIONS
const reply = (message: HealthReply) => port.postMessage(message)
server.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => reply({ code }))
server.once('listening', () => reply({ port: (server.address() as AddressInfo).port }))
server.listen(workerData as HealthAddress)

function answer({ method = '', url = '' }: IncomingMessage, response: ServerResponse): void {
  const path = url.split('?', 1)[0] as string
  const question = Object.hasOwn(QUESTIONS, path) ? QUESTIONS[path] : undefined
  if (question === undefined) {
    send(response, 404, { error: `expected ${Object.keys(QUESTIONS).join(' or ')}, found another path` })
    return
  }
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    send(response, 405, { error: 'method: expected GET or HEAD, found another' })
    return
  }
  const silence = performance.now() - heard
  const hangs = silence > SILENCE ? `its event loop has said nothing for ${Math.round(silence / 1000)} s` : ''
  const { status, headers, body } = verdict(question, hangs || told[question])
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  send(response, status, body)
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  response.statusCode = status
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.setHeader('content-length', Buffer.byteLength(text))
  response.end(text)
}
