/** The API key: `Authorization: Bearer KEY` or `X-API-Key: KEY`. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refusal } from '../error-table.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without the API key: it tells nothing but that the server is there and how it is used. */
    readonly open?: boolean
  }
}

export function requireApiKey(app: FastifyInstance, key: string): void {
  const wanted = digest(key)
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open === true) return
    const given = keyOf(request)
    // Digests are of one length, which the comparison needs, and it takes the same time wherever they differ.
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return
    reply.header('www-authenticate', 'Bearer')
    throw new Refusal(
      'UNAUTHORIZED',
      `API key: expected Authorization: Bearer KEY or X-API-Key: KEY, found ${given === undefined ? 'none' : 'another'}`,
    )
  })
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const { authorization, 'x-api-key': key } = headers
  if (typeof key === 'string') return key
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
