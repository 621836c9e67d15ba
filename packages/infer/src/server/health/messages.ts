/** What the event loop and the health thread tell each other. */
import type { Health } from './verdict.js'

export interface HealthAddress {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

/** The thread's first word, and its only one. */
export type HealthReply = { readonly port: number } | { readonly code: string }

/** Told anew all the time: that it comes is itself the news that the event loop turns. */
export type HealthMessage = Health
