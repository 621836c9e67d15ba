/** A list of names: one a line, or each with a NUL after it (`find -print0`), which may then hold any other character. */
import { createReadStream } from 'node:fs'
import { UserError } from 'mnist-export/errors'
import { STANDARD_INPUT } from '../cli/standard-input.js'

/** No path is longer; what is, is no list. */
const LONGEST_NAME = 32_768

/** @throws UserError INPUT where the file cannot be read or is no list. */
export async function* readNames(list: string): AsyncGenerator<string> {
  const shown = list === STANDARD_INPUT ? 'standard input' : list
  const stream = list === STANDARD_INPUT ? process.stdin : createReadStream(list)
  stream.setEncoding('utf8')
  let rest = ''
  let separator: string | undefined
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      rest += chunk
      separator ??= /[\0\n]/.exec(rest)?.[0]
      if (separator !== undefined) {
        const names = rest.split(separator)
        rest = names.pop() as string
        yield* names.map(withoutReturn).filter((name) => name !== '')
      }
      if (rest.length > LONGEST_NAME)
        throw new UserError('INPUT', `${shown}: expected a name a line, found no end of one`)
    }
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    throw new UserError(
      'INPUT',
      `${shown}: expected a list of names: ${code === 'ENOENT' ? 'no such file' : message}`,
      {
        cause,
      },
    )
  }
  if (rest !== '') yield withoutReturn(rest)
}

/** Lines may end as they do on Windows. */
function withoutReturn(name: string): string {
  return name.endsWith('\r') ? name.slice(0, -1) : name
}
