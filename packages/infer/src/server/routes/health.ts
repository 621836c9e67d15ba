/** Health, which tells the truth: live while a restart would not help, ready while a request would be answered. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Service } from '../service.js'
import { errors, MODEL_PARAMS, VERSION_PARAMS } from './schemas.js'

interface ModelParams {
  readonly model: string
  readonly version?: string
}

export function healthRoutes(app: FastifyInstance, service: Service): void {
  const config = { open: true, rateLimit: false } as const
  const response = { 200: { description: 'Yes', type: 'object', additionalProperties: true } }
  const schema = { tags: ['health'], response: { ...response, ...errors(503) } }

  // Workers that cannot start although they are tried again and again: nothing but a new process may help.
  app.get('/v2/health/live', { config, schema: { summary: 'Does it live?', ...schema } }, (_request, reply) =>
    verdict(reply, 'live', service.pool.broken ? 'its workers do not start' : ''),
  )

  app.get('/v2/health/ready', { config, schema: { summary: 'Can it work?', ...schema } }, (_request, reply) => {
    if (service.ready) return verdict(reply, 'ready', '')
    const problem = service.stopping ? 'the server stops' : service.repository.problem
    return verdict(reply, 'ready', problem || 'its workers start')
  })

  const modelSchema = { tags: ['health'], response: { ...response, ...errors(401, 404, 503) } }
  for (const [url, params] of [
    ['/v2/models/:model/ready', MODEL_PARAMS],
    ['/v2/models/:model/versions/:version/ready', VERSION_PARAMS],
  ] as const) {
    app.get<{ Params: ModelParams }>(
      url,
      { config: { rateLimit: false }, schema: { summary: 'Can this model work?', params, ...modelSchema } },
      ({ params: { model, version } }, reply) => {
        const served = service.repository.find(model, version)
        const able = !service.stopping && service.servable(served)
        return verdict(reply, 'ready', able ? '' : 'no worker has it open')
      },
    )
  }
}

function verdict(reply: FastifyReply, name: 'live' | 'ready', problem: string): FastifyReply {
  if (problem === '') return reply.send({ [name]: true })
  return reply
    .code(503)
    .header('retry-after', 1)
    .send({ [name]: false, error: problem })
}
