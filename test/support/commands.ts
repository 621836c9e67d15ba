/** Runs the built commands as a user's shell would. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa, type Options } from 'execa'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export type Command = 'mnist-train' | 'mnist-export' | 'mnist-infer'

/** Path of a command's launcher. */
export function launcher(command: Command): string {
  return join(ROOT, 'packages', command.slice('mnist-'.length), 'bin', `${command}.js`)
}

/** Starts a command; its failure is a result, not an exception. The environment is the test's own plus `options.env`. */
export function start<T extends Options>(command: Command, args: readonly string[], options?: T) {
  return execa(process.execPath, [launcher(command), ...args], { reject: false, ...options } as T & { reject: false })
}
