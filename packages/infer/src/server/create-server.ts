/** The server: its parts put together. Nothing runs, opens or listens until `listen`. */
import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync, fastify, LogController } from 'fastify'
import { UserError } from 'mnist-export'
import { type DestinationStream, pino } from 'pino'
import { Refusal } from './error-table.js'
import { type HealthPort, openHealthPort } from './health/health-port.js'
import type { HealthAddress } from './health/messages.js'
import { logAccess } from './http/access-log.js'
import { guardAdmission } from './http/admission.js'
import { requireApiKey } from './http/api-key.js'
import { serveDocumentation } from './http/documentation.js'
import { answerBrokenClient, answerErrors } from './http/errors.js'
import { type ResolvedOptions, resolveOptions, type ServerOptions } from './options.js'
import { classifyRoutes } from './routes/classify.js'
import { healthRoutes } from './routes/health.js'
import { inferRoutes } from './routes/infer.js'
import { metricsRoute } from './routes/metrics.js'
import { modelRoutes } from './routes/models.js'
import { Service } from './service.js'

export interface DigitServer {
  readonly app: FastifyInstance
  readonly service: Service
  /**
   * Opens the health port, starts workers, opens the models, binds, and resolves with the address.
   *
   * @throws UserError USAGE where the host is not loopback and there is no API key, INPUT where there is no models folder, ENVIRONMENT
   * where a port cannot be had.
   */
  listen(address?: ServerAddress): Promise<string>
  /** Takes no more connections, finishes what is in progress, up to `drain` ms, and ends the workers. */
  close(): Promise<void>
}

export interface ServerAddress {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 8080; 0: any that is free. */
  readonly port?: number
  /** Where health is answered too, by a thread that no load delays; none by default. 0: any that is free. */
  readonly healthPort?: number
}

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** Ms for a request's head, and for the whole of it: a slow client holds a socket, no more. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 30_000

/** Sockets at once: each costs some kilobytes. */
const MOST_CONNECTIONS = 10_000

/** Bodies of requests that take none or little. */
const SMALL_BODY = 64 * 2 ** 10

/** @throws UserError USAGE for options out of their ranges. */
export function createServer(options: ServerOptions, { log }: { readonly log?: DestinationStream } = {}): DigitServer {
  const resolved = resolveOptions(options)
  const logger = log === undefined ? pino({ level: resolved.logLevel }) : pino({ level: resolved.logLevel }, log)
  const service = new Service(resolved, {
    onLost: (reason) => logger.warn({ reason }, 'a worker has ended'),
    onChange: ({ title, outcome }) => logger.info({ title, outcome }, 'model'),
  })
  const app = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: SMALL_BODY,
    requestTimeout: REQUEST_TIMEOUT,
    http: { headersTimeout: HEADERS_TIMEOUT, connectionsCheckingInterval: 5000 },
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenClient,
    routerOptions: { maxParamLength: 256 },
  })
  app.server.maxConnections = MOST_CONNECTIONS
  void app.register(async (root) => addRoutes(root, service, resolved))
  const server: Running = { app, service, healthPort: undefined }
  return {
    app,
    service,
    listen: (address) => listen(server, address),
    close: () => close(server),
  }
}

interface Running {
  readonly app: FastifyInstance
  readonly service: Service
  healthPort: HealthPort | undefined
}

async function addRoutes(app: FastifyInstance, service: Service, options: ResolvedOptions): Promise<void> {
  const { metrics } = service
  answerErrors(app, metrics)
  logAccess(app, metrics)
  // Behind a proxy that does TLS, or on loopback without it: it is the proxy that can promise HTTPS.
  await app.register(helmet, {
    hsts: false,
    contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
  })
  app.addHook('onRequest', async (_request, reply) => {
    service.inProgress++
    reply.raw.once('close', () => {
      service.inProgress--
    })
  })
  // A connection that is kept alive would keep the server alive.
  app.addHook('onSend', async (_request, reply) => {
    if (service.stopping) reply.header('connection', 'close')
  })
  if (options.cors !== undefined) await app.register(cors, { origin: options.cors, methods: ['GET', 'POST'] })
  if (options.rate > 0) {
    await app.register(rateLimit, {
      max: options.rate,
      timeWindow: 1000,
      errorResponseBuilder: (_request, { max }) =>
        new Refusal('RATE', `rate: expected at most ${max} requests a second, found more`),
    })
  }
  if (options.apiKey !== undefined) requireApiKey(app, options.apiKey)
  await serveDocumentation(app, { version, secured: options.apiKey !== undefined })
  healthRoutes(app, service)
  metricsRoute(app, metrics)
  modelRoutes(app, service, version)
  const work: FastifyPluginAsync = async (scope) => {
    await guardAdmission(scope, service)
    await scope.register(infer)
    await scope.register(pictures)
  }
  // A scope each: they read bodies in their own way.
  const infer: FastifyPluginAsync = async (scope) => inferRoutes(scope, service)
  const pictures: FastifyPluginAsync = async (scope) => classifyRoutes(scope, service)
  await app.register(work)
}

async function listen(
  running: Running,
  { host = '127.0.0.1', port = 8080, healthPort }: ServerAddress = {},
): Promise<string> {
  const { app, service } = running
  if (service.options.apiKey === undefined && !isLoopback(host)) {
    throw new UserError(
      'USAGE',
      `--host ${host}: expected an API key for a server that others can reach: give --api-key or MNIST_API_KEY`,
    )
  }
  try {
    // First, so that whoever waits for it to be ready is told that it is not.
    if (healthPort !== undefined) await answerHealth(running, { host, port: healthPort })
    await service.start()
    const listening = await app.listen({ host, port })
    running.healthPort?.tell()
    return listening
  } catch (error) {
    await close(running)
    throw portError(error, host, port)
  }
}

async function answerHealth(running: Running, address: HealthAddress): Promise<void> {
  const { app, service } = running
  const { host } = address
  try {
    running.healthPort = await openHealthPort(address, {
      health: () => service.health,
      onLost: (error) => app.log.error({ err: error }, 'the health thread has ended'),
    })
  } catch (error) {
    throw portError(error, host, address.port)
  }
  app.log.info(`Health answered at http://${isIP(host) === 6 ? `[${host}]` : host}:${running.healthPort.port}`)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

const PORT_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there: choose another',
  EACCES: 'permission is denied: ports below 1024 are the system’s',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
}

function portError(error: unknown, host: string, port: number): unknown {
  const reason = PORT_ERRORS[(error as NodeJS.ErrnoException).code ?? '']
  if (reason === undefined) return error
  return new UserError('ENVIRONMENT', `${host} port ${port}: expected to listen, found that ${reason}`, {
    cause: error,
  })
}

/** How often a server that stops looks whether a request is still in progress, in ms. */
const LOOK_AGAIN = 20

async function close({ app, service, healthPort }: Running): Promise<void> {
  service.stopping = true
  healthPort?.tell()
  const end = performance.now() + service.options.drain
  // A connection on which nothing was ever asked is not idle to Node, and would hold the server for as long as its client likes.
  const looking = setInterval(() => {
    if (service.inProgress === 0 || performance.now() > end) app.server.closeAllConnections()
  }, LOOK_AGAIN)
  try {
    await app.close()
  } finally {
    clearInterval(looking)
    await service.stop()
    await healthPort?.close()
  }
}
