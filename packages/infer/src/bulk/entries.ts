/** All pictures that a bulk run's arguments and its list name, one after the other, in an order that is the same each time. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export/errors'
import { IDX_NAME, TAR_NAME } from '../cli/classify-options.js'
import { expandGlob, isGlob, PICTURE_NAME } from '../cli/expand-sources.js'
import { readStandardInput, STANDARD_INPUT } from '../cli/standard-input.js'
import { readIdx } from '../mnist/idx.js'
import { type Entry, unreadable } from './entry.js'
import { readNames } from './list.js'
import { readTar } from './tar.js'

export interface Named {
  readonly pictures: readonly string[]
  /** File with a name a line (or a NUL after each); standard input where it is `STANDARD_INPUT`. */
  readonly list: string | undefined
}

/** @throws UserError INPUT where the list cannot be read. */
export async function* entriesOf({ pictures, list }: Named): AsyncGenerator<Entry> {
  for (const argument of pictures) yield* expand(argument)
  // In a list every name is a file's or a folder's: no globs, no standard input.
  if (list !== undefined) for await (const name of readNames(list)) yield* open(name)
}

async function* expand(argument: string): AsyncGenerator<Entry> {
  if (argument === STANDARD_INPUT) {
    yield { name: 'standard input', bytes: await readStandardInput() }
    return
  }
  const there = await stat(argument).catch(() => undefined)
  if (there !== undefined || !isGlob(argument)) yield* open(argument, there?.isDirectory())
  else
    for (const source of await expandGlob(argument))
      yield 'error' in source ? unreadable(source.name, source.error) : (source as Entry)
}

/** @param isFolder Where that is known: of a name that ends like a picture's, it is found out when it is read. */
async function* open(name: string, isFolder?: boolean): AsyncGenerator<Entry> {
  if (TAR_NAME.test(name)) yield* readTar(name)
  else if (IDX_NAME.test(name)) yield* openIdx(name)
  else if (isFolder ?? (!PICTURE_NAME.test(name) && (await stat(name).catch(() => undefined))?.isDirectory())) {
    let count = 0
    for await (const entry of walk(name)) {
      count++
      yield entry
    }
    if (count === 0) yield unreadable(name, new UserError('INPUT', `${name}: no pictures in this folder`))
  } else yield { name, path: name }
}

/** Depth first, by name; one folder's names are in memory at a time. Links to folders may lead round in a circle: they are left. */
async function* walk(folder: string): AsyncGenerator<Entry> {
  const children = await readdir(folder, { withFileTypes: true }).catch((error: Error) => error)
  if (children instanceof Error) {
    yield unreadable(folder, new UserError('INPUT', `${folder}: the folder cannot be read`, { cause: children }))
    return
  }
  children.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const child of children) {
    const path = join(folder, child.name)
    if (child.isDirectory()) yield* walk(path)
    else if (PICTURE_NAME.test(child.name)) yield { name: path, path }
  }
}

async function* openIdx(name: string): AsyncGenerator<Entry> {
  const array = await readIdx(name).catch((error: unknown) => asUserError(name, error))
  if (array instanceof UserError) {
    yield unreadable(name, array)
    return
  }
  const [count = 0, height = 0, width = 0] = array.shape
  if (array.shape.length !== 3 || height * width === 0) {
    const found = `[${array.shape.join(', ')}]`
    yield unreadable(name, new UserError('INPUT', `${name}: expected pictures [count, height, width], found ${found}`))
    return
  }
  const size = width * height
  for (let index = 0; index < count; index++) {
    const pixels = array.data.slice(index * size, (index + 1) * size)
    yield { name: `${name}[${index}]`, grey: { width, height, pixels } }
  }
}

function asUserError(name: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const { code, message } = error as NodeJS.ErrnoException
  return new UserError('INPUT', `${name}: ${code === 'ENOENT' ? 'no such file' : message}`, { cause: error })
}
