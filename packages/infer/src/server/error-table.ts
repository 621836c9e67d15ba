/** The boundary between our errors and HTTP: which status each kind has, in one table. */
import { type ErrorCode, UserError } from 'mnist-export'

/** Why the server itself turns a request away. */
export type RefusalCode =
  | 'BAD_REQUEST'
  | 'UNAUTHORIZED'
  | 'NOT_FOUND'
  | 'TOO_LARGE'
  | 'MEDIA_TYPE'
  | 'QUEUE_FULL'
  | 'RATE'
  | 'OVERLOADED'
  | 'UNAVAILABLE'
  | 'DEADLINE'

export const REFUSAL_STATUS: Readonly<Record<RefusalCode, number>> = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  TOO_LARGE: 413,
  MEDIA_TYPE: 415,
  QUEUE_FULL: 429,
  RATE: 429,
  OVERLOADED: 503,
  UNAVAILABLE: 503,
  DEADLINE: 504,
}

/** Errors of pictures and models; what is well-formed and still not done is 422. */
export const USER_ERROR_STATUS: Readonly<Record<ErrorCode, number>> = {
  USAGE: 400,
  INPUT: 400,
  UNSUPPORTED: 422,
  ENVIRONMENT: 503,
  NETWORK: 503,
  THRESHOLD: 500,
}

/** Statuses after which a client may try again, and the seconds that it is told to wait. */
export const RETRY_AFTER: Readonly<Record<number, number>> = { 429: 1, 503: 1 }

/** A request turned away: the message goes to the client. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode

  constructor(code: RefusalCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Status and text for the client. What is not meant for it (an internal error, a stack) is left out. */
export function clientError(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof Refusal) return { status: REFUSAL_STATUS[error.code], message: error.message }
  if (error instanceof UserError) return { status: USER_ERROR_STATUS[error.code], message: error.message }
  // fastify's and its plugins' own: their 4xx say what was wrong with the request.
  const { statusCode } = error as { statusCode?: unknown }
  if (error instanceof Error && typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, message: error.message }
  }
  return { status: 500, message: 'internal error: it is in the log of the server' }
}
