/** The log of a run, beside its epochs: which engine trained it from when on, and where it was cut. */
import type { EngineName } from '../engine/names.js'

export interface RunEvent {
  readonly type: 'start' | 'resume' | 'interrupted' | 'collapsed' | 'finished'
  /** ISO 8601, UTC. */
  readonly time: string
  readonly epoch: number
  readonly batch: number
  /** The engine, with its device in words, and why it was chosen. */
  readonly engine?: { readonly name: EngineName; readonly description: string }
  readonly reason?: string
  readonly threads?: number
}
