/** Errors that are the user's to mend, as against broken invariants of ours (plain Errors that start `internal:`). */

/**
 * What went wrong, in kinds that a boundary can act on: the command line turns them into exit statuses
 * (`cli/boundary.ts`), the server into HTTP statuses.
 */
export type ErrorCode =
  /** Wrong usage: an unknown command, flag or value. */
  | 'USAGE'
  /** A file or its content is missing, unreadable or malformed. */
  | 'INPUT'
  /** Well-formed, but something that we do not do. */
  | 'UNSUPPORTED'
  /** The machine refuses: disk full, no permission, a provider that is not there. */
  | 'ENVIRONMENT'
  /** The network, or a host on it, does not answer as it should. */
  | 'NETWORK'
  /** A result is worse than what was asked for (`--min-accuracy`). */
  | 'THRESHOLD'

/** An error with a message for the user: what, what was expected, what was found, what to do. One line. */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}
