/** `GET /metrics`, for Prometheus. */
import type { FastifyInstance } from 'fastify'
import type { ServerMetrics } from '../metrics.js'

export function metricsRoute(app: FastifyInstance, { registry }: Pick<ServerMetrics, 'registry'>): void {
  app.get(
    '/metrics',
    {
      config: { rateLimit: false },
      schema: { tags: ['health'], summary: 'Figures for Prometheus', produces: ['text/plain'] },
    },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  )
}
