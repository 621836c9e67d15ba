/** `mnist-infer serve`: the server, from its start to its graceful stop. */
import { stat } from 'node:fs/promises'
import { UserError } from 'mnist-export/errors'
import { modelFolders } from '../model/find.js'
import type { ProviderName } from '../runtime/index.js'
import { createServer, type LogLevel } from '../server/index.js'
import { checkWhole } from './numbers.js'

const PORTS = { least: 0, most: 65_535 }

export interface ServeArguments {
  readonly models: string | undefined
  readonly host: string
  readonly port: number
  readonly healthPort: number | undefined
  readonly model: string | undefined
  readonly provider: 'auto' | ProviderName
  readonly workers: number | undefined
  readonly maxBatch: number | undefined
  readonly maxDelay: number | undefined
  readonly queue: number | undefined
  readonly timeout: number | undefined
  readonly rate: number | undefined
  readonly maxPixels: number | undefined
  readonly memory: number | undefined
  readonly apiKey: string | undefined
  readonly cors: string | undefined
  readonly logLevel: LogLevel
}

/** Returns when the server listens; it runs until SIGTERM or SIGINT, a second of which ends it at once. */
export async function serveCommand({
  host,
  port,
  healthPort,
  models,
  model,
  memory,
  apiKey,
  ...given
}: ServeArguments): Promise<void> {
  checkWhole('port', port, PORTS)
  checkWhole('health-port', healthPort, PORTS)
  const key = apiKey ?? process.env.MNIST_API_KEY
  const server = createServer({
    ...withoutUndefined(given),
    models: models ?? (await modelsFolder()),
    ...(model === undefined ? {} : { defaultModel: model }),
    ...(memory === undefined ? {} : { memory: memory * 2 ** 20 }),
    ...(key === undefined || key === '' ? {} : { apiKey: key }),
  })
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1)
      stopping = true
      server.app.log.info({ signal }, 'stopping')
      server.close().catch((error: unknown) => {
        server.app.log.error({ err: error }, 'could not stop in order')
        process.exit(1)
      })
    })
  }
  await server.listen({ host, port, ...(healthPort === undefined ? {} : { healthPort }) })
}

/** The first folder there is of those in which names of models are looked up, but for the current one, which may hold anything. */
async function modelsFolder(): Promise<string> {
  const folders = await Promise.all(
    modelFolders()
      .slice(1)
      .map(async (folder) => ((await stat(folder).catch(() => undefined))?.isDirectory() ? folder : undefined)),
  )
  const found = folders.find((folder) => folder !== undefined)
  if (found !== undefined) return found
  throw new UserError('INPUT', 'models: expected a folder named models here, found none: give one with --models')
}

function withoutUndefined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}
