/** What a server can be told, with its defaults: each value with its unit and its reason. */
import { availableParallelism } from 'node:os'
import { UserError } from 'mnist-export/errors'
import type { ProviderName } from '../runtime/index.js'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface ServerOptions {
  /** Folder of the models: `NAME.onnx` or `NAME/VERSION/model.onnx`. */
  readonly models: string
  /** The model of `/classify` where the request names none; by default `DEFAULT_MODEL`, or the first there is. */
  readonly defaultModel?: string
  /** Worker threads, each with its own sessions. Default: one a core, and two at least, so that one can be lost. */
  readonly workers?: number
  /** By default the CPU: for networks as small as these it is as fast as anything, and a batch never waits for a bus. */
  readonly provider?: 'auto' | ProviderName
  /** Rows of a batch. Beyond 64 LeNet's time for a row stays the same on a CPU. */
  readonly maxBatch?: number
  /** Ms that a request waits for company while a worker is free. */
  readonly maxDelay?: number
  /**
   * Requests that wait for a worker; more are turned away with 429. What comes at once and is let in is read in one turn of the event
   * loop, at a quarter of a millisecond each: with so many health is still answered in time.
   */
  readonly queue?: number
  /** Ms in which a request is answered, or refused with 504. */
  readonly timeout?: number
  /** Ms between looks at the models folder. */
  readonly reload?: number
  /** Required of every request but health and documentation; a server that is bound beyond loopback must have one. */
  readonly apiKey?: string
  /** Origin that browsers may call from; none by default. */
  readonly cors?: string
  /** Requests a second from one address; 0: any number. */
  readonly rate?: number
  /** Bytes of an inference request's body: a thousand digits as JSON. */
  readonly inferBytes?: number
  /** Bytes of a picture request's body: a phone's photograph. */
  readonly pictureBytes?: number
  /** Pixels of a picture, by its header. */
  readonly maxPixels?: number
  /**
   * Bytes of resident memory beyond which requests are turned away with 503, and workers are replaced one by one. Default: 512 MiB, and
   * what the models take in all workers.
   */
  readonly memory?: number
  /** Bytes of JavaScript heap and buffers beyond which a worker is replaced. */
  readonly workerMemory?: number
  /** Mean lateness of the event loop over a second, in ms, beyond which work is turned away with 503; 0: whatever it is. */
  readonly lateness?: number
  /** Ms that requests in progress get when the server stops. */
  readonly drain?: number
  readonly logLevel?: LogLevel
}

type Optional = 'defaultModel' | 'apiKey' | 'cors' | 'memory'

export type ResolvedOptions = Required<Omit<ServerOptions, Optional>> & Pick<ServerOptions, Optional>

const DEFAULTS = {
  workers: Math.max(2, availableParallelism()),
  provider: 'cpu',
  maxBatch: 64,
  maxDelay: 1,
  queue: 96,
  timeout: 10_000,
  reload: 1000,
  rate: 0,
  inferBytes: 8 * 2 ** 20,
  pictureBytes: 16 * 2 ** 20,
  maxPixels: 32_000_000,
  workerMemory: 256 * 2 ** 20,
  lateness: 1000,
  drain: 25_000,
  logLevel: 'info',
} as const satisfies Partial<ResolvedOptions>

/** Smallest and largest of each number, both included; whole numbers all. */
const RANGES: Readonly<Partial<Record<keyof ServerOptions, readonly [number, number]>>> = {
  workers: [1, 256],
  maxBatch: [1, 1024],
  maxDelay: [0, 10_000],
  queue: [1, 100_000],
  timeout: [1, 3_600_000],
  reload: [50, 86_400_000],
  rate: [0, 1_000_000],
  inferBytes: [1024, 2 ** 30],
  pictureBytes: [1024, 2 ** 30],
  maxPixels: [784, 268_000_000],
  memory: [64 * 2 ** 20, 2 ** 44],
  workerMemory: [16 * 2 ** 20, 2 ** 40],
  lateness: [0, 60_000],
  drain: [0, 3_600_000],
}

/** @throws UserError USAGE for a value out of its range. */
export function resolveOptions(options: ServerOptions): ResolvedOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const resolved = { ...DEFAULTS, ...given } as ResolvedOptions
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = resolved[name as keyof ServerOptions] as number | undefined
    if (value === undefined) continue
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new UserError('USAGE', `${name}: expected a whole number from ${least} to ${most}, found ${value}`)
    }
  }
  if (resolved.apiKey !== undefined && resolved.apiKey.length < SHORTEST_KEY) {
    throw new UserError(
      'USAGE',
      `apiKey: expected at least ${SHORTEST_KEY} characters, found ${resolved.apiKey.length}`,
    )
  }
  return resolved
}

const SHORTEST_KEY = 8
