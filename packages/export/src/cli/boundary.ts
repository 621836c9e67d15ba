/** The boundary between our commands and the shell: arguments in, exit status out, one line for each error. */
import type { Argv, ParserConfigurationOptions } from 'yargs'
import { type ErrorCode, UserError } from '../errors.js'

/** Exit status of each kind of error: 2 for wrong usage, 1 for the rest (as the POSIX shell utilities have it). */
export const EXIT_STATUS: Readonly<Record<ErrorCode, number>> = {
  USAGE: 2,
  INPUT: 1,
  UNSUPPORTED: 1,
  ENVIRONMENT: 1,
  NETWORK: 1,
  THRESHOLD: 1,
}

/** What the system's own error codes mean to a user. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'it is a folder, expected a file',
  ENOTDIR: 'it is a file, expected a folder',
  ENOSPC: 'no space left on the device: free some and run again',
  EDQUOT: 'disk quota exceeded: free some space and run again',
  EROFS: 'the file system is read-only: choose another folder',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many symbolic links',
}

export interface Program {
  /** The command's name, as the user types it. */
  readonly name: string
  readonly version: string
  /** Arguments and options that may be several, as they are typed; each other option is given once. */
  readonly lists: readonly string[]
  /** Adds commands, options and examples to the parser. */
  readonly define: (parser: Argv) => Argv
  /** How yargs is to read the arguments, where the way of the other commands does not do. */
  readonly parserConfiguration?: Partial<ParserConfigurationOptions>
}

/**
 * Parses `argv` (without node and script), runs the command's handler and returns the exit status. An error becomes one
 * line on standard error; with `--verbose` its stack trace follows.
 */
export async function runProgram(
  { name, version, lists, define, parserConfiguration = {} }: Program,
  argv: readonly string[],
): Promise<number> {
  // Loaded here: `errorLine` alone, which libraries and workers use, need not wait for it.
  const { default: yargs } = await import('yargs')
  const parser = define(
    yargs([...argv])
      .scriptName(name)
      .version(version)
      .option('verbose', {
        type: 'boolean',
        default: false,
        describe: 'Say more, with stack traces of errors',
        global: true,
      })
      .strict()
      .help()
      .alias('help', 'h')
      .wrap(Math.min(100, process.stdout.columns ?? 100))
      .exitProcess(false)
      // Without the first, yargs keeps the last of several.
      .parserConfiguration({ 'duplicate-arguments-array': true, ...parserConfiguration })
      .check((args) => checkOnce(args, lists))
      .fail((message, error) => {
        // yargs throws some of what it says of wrong usage itself.
        if (error !== undefined && error.name !== 'YError') throw error
        throw new UserError('USAGE', `${error?.message ?? message}. '${name} --help' lists what there is`)
      }),
  )
  return runGuarded(name, argv, async () => void (await parser.parseAsync()))
}

/** @throws UserError USAGE for an option that is given twice: which of the two is meant? */
function checkOnce(args: Readonly<Record<string, unknown>>, lists: readonly string[]): true {
  // Short names and those in camel case are yargs's own further ones of the same option.
  const names = Object.keys(args).filter((name) => name.length > 1 && !/[A-Z]/.test(name))
  const twice = names.find((name) => Array.isArray(args[name]) && !lists.includes(name))
  if (twice !== undefined) throw new UserError('USAGE', `--${twice}: expected it once, found it more often`)
  return true
}

/** Runs what is a command's work and returns the exit status; errors as `runProgram` has them. */
export async function runGuarded(name: string, argv: readonly string[], work: () => Promise<void>): Promise<number> {
  try {
    await work()
    return typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (error) {
    process.stderr.write(`${name}: ${errorLine(error)}\n`)
    if (argv.includes('--verbose') && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    return error instanceof UserError ? EXIT_STATUS[error.code] : 1
  }
}

/** One line that says what went wrong. */
export function errorLine(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error))
  const { code, path } = error as NodeJS.ErrnoException
  const meaning = code === undefined ? undefined : SYSTEM_ERRORS[code]
  if (error instanceof UserError || meaning === undefined) return oneLine(error.message)
  return oneLine(path === undefined ? meaning : `${path}: ${meaning}`)
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim()
}
