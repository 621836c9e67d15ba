/** What the main thread and its workers tell each other. */
import type { ClassifierOptions } from '../classify.js'
import type { Invert } from '../image/frame.js'
import type { Entry } from './entry.js'
import type { Format } from './records.js'

export interface WorkerSettings {
  readonly classifier: ClassifierOptions
  readonly invert: Invert
  readonly format: Format
  readonly top: number
}

/** Entries to answer; undefined: there are no more. */
export type Task = { readonly entries: readonly Entry[] } | undefined

export type Reply =
  /** Once, before the first answer: what runs. */
  | { readonly kind: 'ready'; readonly runs: string }
  | { readonly kind: 'answers'; readonly text: string; readonly pictures: number; readonly failed: number }
  | { readonly kind: 'failed'; readonly error: unknown; readonly code: string | undefined }
