/** What can go wrong in a page, in kinds that the page can act on. */

export type Problem =
  /** The page's policy, or the browser, does not let WebAssembly run. */
  | 'webassembly-blocked'
  /** The page's policy does not let the worker start, or its file is missing. */
  | 'worker-blocked'
  /** The runtime's own files can't be had. */
  | 'runtime-unavailable'
  /** The host has no such model. */
  | 'model-not-found'
  /** The model's bytes are no model that reads digits. */
  | 'model-unreadable'
  /** The host can't be reached. */
  | 'offline'
  /** WebGPU was asked for and is not here. */
  | 'no-webgpu'
  /** Threads were asked for and the page may not have them. */
  | 'no-threads'
  /** A provider, or the model, misreads digits that are known. */
  | 'wrong-answers'
  /** The browser keeps nothing for this page. */
  | 'no-storage'
  | 'picture-unreadable'
  /** Anything else: a bug of ours, most likely. */
  | 'internal'

/** One line for the visitor: what was expected, what was found, what to do. */
export interface ProblemReport {
  readonly problem: Problem
  readonly message: string
}

export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.problem = problem
  }
}

/** Whatever was thrown, as a report. */
export function problemReport(error: unknown): ProblemReport {
  if (error instanceof ProblemError) return { problem: error.problem, message: error.message }
  return { problem: 'internal', message: firstLine(error) }
}

export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}
