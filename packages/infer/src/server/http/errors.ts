/** Every error as `{"error": "…"}`, the protocol's own form, and nothing of ours in it: no stack, no path. */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { clientError, RETRY_AFTER, Refusal } from '../error-table.js'
import type { ServerMetrics } from '../metrics.js'

export function answerErrors(app: FastifyInstance, metrics: Pick<ServerMetrics, 'refused'>): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, message } = clientError(error)
    if (status >= 500 && !(error instanceof Refusal)) request.log.error({ err: error }, 'internal error')
    metrics.refused.inc({ reason: error instanceof Refusal ? error.code : String(status) })
    const wait = RETRY_AFTER[status]
    if (wait !== undefined) reply.header('retry-after', wait)
    return reply.code(status).type('application/json; charset=utf-8').send(errorBody(message))
  })
  app.setNotFoundHandler((request, reply) => {
    const { method, url } = request
    const path = (url.split('?', 1)[0] as string).slice(0, 200)
    return reply.code(404).send({ error: `${method} ${path}: expected a route of /openapi.json, found none` })
  })
}

/** Bytes that are no HTTP, or too slow, before there is a request to answer. */
export function answerBrokenClient(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return
  const [status, text] = BROKEN[error.code ?? ''] ?? ['400 Bad Request', 'expected HTTP/1.1, found something else']
  const body = errorBody(text)
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

const BROKEN: Readonly<Record<string, readonly [string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'expected the whole request in time, found it too slow'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'headers: expected at most 16 KiB, found more'],
}

function errorBody(message: string): string {
  return JSON.stringify({ error: message })
}
