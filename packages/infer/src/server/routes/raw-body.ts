/** Bodies as bytes, whatever they call themselves, up to the route's limit; compressed ones are refused. */
import type { FastifyInstance } from 'fastify'
import { Refusal } from '../error-table.js'

export function readRawBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  scope.addHook('preParsing', async ({ headers }) => {
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      throw new Refusal('MEDIA_TYPE', `Content-Encoding: expected none, found ${encoding.slice(0, 40)}`)
    }
  })
}
