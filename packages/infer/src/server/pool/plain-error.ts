/** Errors across threads: a UserError stays one, anything else is an internal error with its stack for the log. */
import { type ErrorCode, UserError } from 'mnist-export'
import type { PlainError } from './messages.js'

export function plainError(error: unknown): PlainError {
  if (error instanceof UserError) return { code: error.code, message: error.message }
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error) }
  return { code: 'INTERNAL', message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) }
}

export function errorOf({ code, message, stack }: PlainError): Error {
  if (code !== 'INTERNAL') return new UserError(code satisfies ErrorCode, message)
  return Object.assign(new Error(message), stack === undefined ? {} : { stack })
}
