/** What the event loop and the health thread tell each other, besides `Health` itself. */

export interface HealthAddress {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

/** The thread's first word, and its only one. */
export type HealthReply = { readonly port: number } | { readonly code: string }
