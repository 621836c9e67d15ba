/**
 * Which work is let in, decided from a request's head, before a byte of its body is read: not while the queue is full (429), nor while
 * the process is too large or its event loop late (503), nor where the bodies being read would take too much memory (503).
 */
import { setTimeout as passed } from 'node:timers/promises'
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refusal } from '../error-table.js'
import type { Service } from '../service.js'

/** Bytes of bodies that are being read or worked on. */
const BODY_BUDGET = 128 * 2 ** 20

/**
 * Ms that a request is held before it is turned away for a full queue, on average. Clients that come again at once would else take the
 * processor from the requests that were let in, and from health: on two cores ten times the load then brought a third of the answers.
 */
const HOLD = 500

/** Guards the routes of the scope that it is called in; health and metrics are outside, and answer whatever the load. */
export async function guardAdmission(scope: FastifyInstance, service: Service): Promise<void> {
  await scope.register(underPressure, {
    maxEventLoopDelay: service.options.lateness,
    sampleInterval: 1000,
    pressureHandler: (_request, _reply, type) => {
      throw new Refusal('OVERLOADED', `the server has too much to do (${type}): try again`)
    },
  })
  let total = 0
  // Let in, and not yet in the queue: what comes in one turn of the event loop is let in before any of it is read.
  const unread = new Set<FastifyRequest>()
  scope.addHook('onRequest', async (request, reply) => {
    if (service.stopping) throw new Refusal('UNAVAILABLE', 'the server stops')
    if (service.tooLarge) throw new Refusal('OVERLOADED', 'the server has no memory left: try again')
    if (service.dispatcher.full || service.dispatcher.waiting + unread.size >= service.options.queue) {
      // Between half and one and a half of it: what came at once does not come again at once.
      await passed(HOLD * (0.5 + Math.random()))
      throw new Refusal('QUEUE_FULL', `queue: expected room, found ${service.dispatcher.waiting} waiting: try again`)
    }
    const bytes = bodyBytes(request)
    if (total + bytes > BODY_BUDGET) {
      throw new Refusal('OVERLOADED', 'memory for bodies: expected room, found none: try again')
    }
    total += bytes
    unread.add(request)
    reply.raw.once('close', () => {
      total -= bytes
      unread.delete(request)
    })
  })
  scope.addHook('preHandler', async (request) => void unread.delete(request))
}

/** What its body may grow to: as it says, which the parser holds it to, or the most that its route takes. */
function bodyBytes({ headers, routeOptions }: FastifyRequest): number {
  const length = headers['content-length']
  if (length !== undefined) return Math.min(Number(length) || 0, routeOptions.bodyLimit ?? 0)
  return headers['transfer-encoding'] === undefined ? 0 : (routeOptions.bodyLimit ?? 0)
}
