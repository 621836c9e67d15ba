/** A picture's bytes and the name that messages call it by. */
import { createReadStream } from 'node:fs'
import { UserError } from 'mnist-export/errors'

/** Bytes that are already here, with the name for messages: 'standard input', a name in an archive, an upload. */
export interface NamedBytes {
  readonly name: string
  readonly bytes: Uint8Array
}

/** No picture that we decode needs more: 64 million pixels of 32 bits are 256 MiB. */
const MAX_BYTES = 256 * 2 ** 20

/**
 * Reads a file, a pipe or a device up to `MAX_BYTES`; what goes on longer is refused, so that no endless device and no
 * mistaken film fills the memory.
 */
export async function readSource(path: string): Promise<NamedBytes> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > MAX_BYTES)
        throw new UserError('UNSUPPORTED', `${path}: expected a picture of at most 256 MiB, found more`)
    }
  } catch (error) {
    throw readError(path, error)
  }
  return { name: path, bytes: Buffer.concat(chunks, length) }
}

/** A reading's error, for a user. */
export function readError(path: string, error: unknown): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UserError('INPUT', `${path}: no such file`, { cause: error })
    case 'EISDIR':
      return new UserError('INPUT', `${path}: expected a picture, found a folder`, { cause: error })
    case 'EACCES':
    case 'EPERM':
      return new UserError('ENVIRONMENT', `${path}: permission to read it is denied`, { cause: error })
    case 'ERR_INVALID_ARG_VALUE':
      return new UserError('INPUT', `${JSON.stringify(path)}: not a file's name`, { cause: error })
    default:
      return error
  }
}
