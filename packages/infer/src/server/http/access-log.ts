/** One line of the log and one observation for each request: never a header, a query, a name or a byte of what was sent. */
import type { FastifyInstance } from 'fastify'
import type { ServerMetrics } from '../metrics.js'

export function logAccess(app: FastifyInstance, metrics: Pick<ServerMetrics, 'requests'>): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, ip } = request
    const route = routeOptions.url ?? 'none'
    const { statusCode: status, elapsedTime } = reply
    metrics.requests.observe({ route, status }, elapsedTime / 1000)
    const level = status >= 500 ? 'warn' : 'info'
    request.log[level]({ method, route, status, ms: Math.round(10 * elapsedTime) / 10, ip }, 'request')
  })
}
