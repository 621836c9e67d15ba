/** Why a request didn't bring a file: told apart by what there is to do next. */

/** What became of a request. */
export type FailureKind =
  /** Nobody answered. */
  | 'unreachable'
  /** The server fell silent. */
  | 'silent'
  /** It ended before its end; what came is kept. */
  | 'cut'
  /** The server asks for patience: 5xx, 408, 429. */
  | 'busy'
  /** The server doesn't have the file or doesn't give it: 4xx, or a redirect that leads nowhere. */
  | 'refused'
  /** It came, and isn't the file. */
  | 'content'

export interface Failure extends Error {
  readonly name: 'Failure'
  readonly kind: FailureKind
}

/** `found` is what was found in place of the file, for the message. */
export function fail(kind: FailureKind, found: string, cause?: unknown): Failure {
  return Object.assign(new Error(found, { cause }), { name: 'Failure' as const, kind })
}

export function isFailure(error: unknown): error is Failure {
  return error instanceof Error && error.name === 'Failure'
}
