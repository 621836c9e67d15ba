/** What the system says about the folder that files are kept in, in the user's terms. */
import { UserError } from 'mnist-export/errors'

const FOLDER_ERRORS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'no quota left',
  EACCES: 'no permission to write',
  EPERM: 'no permission to write',
  EROFS: 'a read-only file system',
  ENOTDIR: 'a file in the way',
  EEXIST: 'a file in the way',
  EFBIG: 'a limit on the size of files',
  EIO: 'a failing device',
}

/** Whether it was the file system that refused, not the network, which has some of these codes too. */
export function isFolderError(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException
  return syscall !== 'connect' && code !== undefined && code in FOLDER_ERRORS
}

/** A refusal of the file system as a UserError ENVIRONMENT; any other error as it is. */
export function folderError(error: unknown, folder: string): unknown {
  const { code, path } = error as NodeJS.ErrnoException
  if (error instanceof UserError || !isFolderError(error)) return error
  return new UserError(
    'ENVIRONMENT',
    `${path ?? folder}: expected to keep MNIST here, found ${FOLDER_ERRORS[code as string]}: ` +
      'make room, or set XDG_CACHE_HOME to another folder',
    { cause: error },
  )
}
