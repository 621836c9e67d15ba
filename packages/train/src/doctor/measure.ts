/** Trains for a moment on one engine, in a process of its own: native code may crash, and loads threads and memory that only it needs. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { UserError } from 'mnist-export'
import type { EngineName } from '../engine/names.js'

export interface MeasureRequest {
  readonly engine: EngineName
  readonly network: string
  readonly batchSize: number
  readonly threads: number
  /** Steps whose losses are wanted, before any that are timed; they warm up. */
  readonly steps: number
  /** For how long to time; 0: not at all. One step is taken at least. */
  readonly seconds: number
  /** Folder of a TensorFlow that is to be used instead of what is installed. */
  readonly native?: string
}

export interface Measured {
  /** Engine and device, in words. */
  readonly description: string
  /** Of the first `steps` steps. */
  readonly losses: readonly number[]
  /** Of the timed steps; 0 where none was. */
  readonly imagesPerSecond: number
  /** Resident memory at the end, in MiB. */
  readonly memoryMiB: number
}

/** What the process prints. */
export type MeasureAnswer = Measured | { readonly error: string; readonly brief?: string; readonly remedy?: string }

/** An engine that can't be measured: as a line, in a few words, and with what mends it. */
export class MeasureError extends UserError {
  readonly brief: string
  readonly remedy: string | undefined

  constructor(message: string, { brief, remedy }: { brief: string; remedy?: string | undefined }) {
    super('ENVIRONMENT', message)
    this.brief = brief
    this.remedy = remedy
  }
}

const PROCESS = fileURLToPath(new URL('./measure-process.js', import.meta.url))

/** @throws MeasureError where the engine can't be had or its process ends otherwise */
export function measure(request: MeasureRequest, signal?: AbortSignal): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 1 << 26, ...(signal === undefined ? {} : { signal }) }
    execFile(process.execPath, [PROCESS, JSON.stringify(request)], options, (error, stdout, stderr) => {
      const answer = lastAnswer(stdout)
      if (answer !== undefined && 'error' in answer) {
        reject(new MeasureError(answer.error, { brief: answer.brief ?? answer.error, remedy: answer.remedy }))
      } else if (answer !== undefined) {
        resolve(answer)
      } else {
        const found = signal?.aborted ? 'an interruption' : ended(error, stderr)
        const message = `engine ${request.engine}: expected it to take a training step, found ${found}; use --engine onnx`
        reject(new MeasureError(message, { brief: `fails (${found})` }))
      }
    })
  })
}

/** The last line: native libraries write what they like before it. */
function lastAnswer(stdout: string): MeasureAnswer | undefined {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  } catch {
    return undefined
  }
}

function ended(error: { signal?: NodeJS.Signals | null; code?: unknown } | null, stderr: string): string {
  if (error?.signal) return `its process ended by ${error.signal}`
  const words = stderr.trim().split('\n').at(-1) ?? ''
  return words === '' ? `its process ended with ${String(error?.code ?? 0)}` : words
}
