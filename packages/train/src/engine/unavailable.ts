/** An engine that can't be had here: in full for who asked for it, in a few words for a list of those passed over. */
import { UserError } from 'mnist-export'
import type { EngineName } from './names.js'

export interface Unavailability {
  readonly expected: string
  readonly found: string
  /** What brings the engine. */
  readonly remedy?: string
  /** After the engine's name: `is not installed`. */
  readonly brief: string
  readonly cause?: unknown
}

export class UnavailableEngine extends UserError {
  /** `tfjs-gpu is not installed` */
  readonly brief: string
  readonly remedy: string | undefined

  constructor(engine: EngineName, { expected, found, remedy, brief, cause }: Unavailability) {
    const remedies = [remedy, '--engine onnx is always there'].filter((text) => text !== undefined).join('; ')
    super('ENVIRONMENT', `engine ${engine}: expected ${expected}, found ${found}. ${remedies}`, { cause })
    this.brief = `${engine} ${brief}`
    this.remedy = remedy
  }
}
