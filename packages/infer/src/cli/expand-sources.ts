/** What the arguments of a command name: files as they are, the pictures in folders, the matches of globs, standard input. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export/errors'
import { STANDARD_INPUT } from './standard-input.js'

/** A picture to read, or what is wrong with an argument. */
export type Source =
  | { readonly name: string; readonly path: string }
  | { readonly name: string; readonly stdin: true }
  | { readonly name: string; readonly error: UserError }

/** By their names, pictures that folders and globs give; a file that is named itself is read whatever its name is. */
export const PICTURE_NAME = /\.(?:png|jpe?g|webp|gif|tiff?|bmp|avif)$/i

const GLOB_SIGNS = /[*?[\]{}!()]/

export function isGlob(argument: string): boolean {
  return GLOB_SIGNS.test(argument)
}

/** In the order of the arguments; within a folder or a glob by name. */
export async function expandSources(args: readonly string[]): Promise<Source[]> {
  const lists = await Promise.all(args.map(expandOne))
  return lists.flat()
}

async function expandOne(argument: string): Promise<Source[]> {
  if (argument === STANDARD_INPUT) return [{ name: 'standard input', stdin: true }]
  const kind = await stat(argument).catch((error: NodeJS.ErrnoException) => error)
  if (kind instanceof Error) return isGlob(argument) ? expandGlob(argument) : [{ name: argument, path: argument }]
  if (!kind.isDirectory()) return [{ name: argument, path: argument }]
  const paths = await picturesIn(argument).catch((error: Error) => error)
  if (paths instanceof Error) return [failed(argument, `${argument}: the folder cannot be read`, paths)]
  return paths.length === 0 ? [failed(argument, `${argument}: no pictures in this folder`)] : paths.map(ofPath)
}

/** Links to folders are not followed: they may lead round in a circle. */
async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const pictures = entries.filter((entry) => !entry.isDirectory() && PICTURE_NAME.test(entry.name))
  return pictures.map((entry) => join(entry.parentPath, entry.name)).sort()
}

export async function expandGlob(pattern: string): Promise<Source[]> {
  const { glob } = await import('tinyglobby')
  const matches = await glob([pattern.replaceAll('\\', '/')], { onlyFiles: true, expandDirectories: false })
  const pictures = matches.filter((path) => PICTURE_NAME.test(path)).sort()
  return pictures.length === 0
    ? [failed(pattern, `${pattern}: no such file, and no picture matches it`)]
    : pictures.map(ofPath)
}

function ofPath(path: string): Source {
  return { name: path, path }
}

function failed(name: string, message: string, cause?: Error): Source {
  return { name, error: new UserError('INPUT', message, { cause }) }
}
