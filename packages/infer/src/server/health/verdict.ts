/**
 * Health, which tells the truth: live while a restart would not help, ready while a request would be answered. The same at the server's own
 * port and at the health port.
 */

export interface Health {
  /** Why a restart would help; empty while it would not. */
  readonly live: string
  /** Why no request would be answered now; empty while one would. */
  readonly ready: string
}

/** Seconds until one asks again. */
const RETRY_AFTER = 1

export interface Verdict {
  readonly status: 200 | 503
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly error?: string; readonly live?: boolean; readonly ready?: boolean }
}

/** @param problem empty where there is none. */
export function verdict(question: keyof Health, problem: string): Verdict {
  if (problem === '') return { status: 200, headers: {}, body: { [question]: true } }
  return { status: 503, headers: { 'retry-after': String(RETRY_AFTER) }, body: { [question]: false, error: problem } }
}
