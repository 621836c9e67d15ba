/** Health at the server's own port, and each model's. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Health, verdict } from '../health/verdict.js'
import type { Service } from '../service.js'
import { ERROR, errors, MODEL_PARAMS, VERSION_PARAMS } from './schemas.js'

interface ModelParams {
  readonly model: string
  readonly version?: string
}

export function healthRoutes(app: FastifyInstance, service: Service): void {
  const config = { open: true, rateLimit: false } as const
  const open = { additionalProperties: true } as const
  const response = {
    200: { description: 'Yes', type: 'object', ...open },
    503: { description: 'No, and why', ...ERROR, ...open },
  }
  const schema = { tags: ['health'], response }

  app.get('/v2/health/live', { config, schema: { summary: 'Does it live?', ...schema } }, (_request, reply) =>
    answer(reply, 'live', service.health.live),
  )
  app.get('/v2/health/ready', { config, schema: { summary: 'Can it work?', ...schema } }, (_request, reply) =>
    answer(reply, 'ready', service.health.ready),
  )

  const modelSchema = { tags: ['health'], response: { ...response, ...errors(401, 404) } }
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
        return answer(reply, 'ready', able ? '' : 'no worker has it open')
      },
    )
  }
}

function answer(reply: FastifyReply, question: keyof Health, problem: string): FastifyReply {
  const { status, headers, body } = verdict(question, problem)
  return reply.code(status).headers(headers).send(body)
}
