/** Files of ours, written whole or not at all. */
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorLine } from 'mnist-export/cli'
import { UserError } from 'mnist-export/errors'
import writeFileAtomic from 'write-file-atomic'
import type { GreyPicture } from '../image/picture.js'
import { encodePng } from '../image/render.js'

/** @throws UserError ENVIRONMENT, before any work is done in vain, where the file's folder is not there. */
export async function checkWritable(path: string): Promise<void> {
  const folder = await stat(dirname(path)).catch(() => undefined)
  if (folder?.isDirectory() !== true) throw new UserError('ENVIRONMENT', `${path}: no such folder: ${dirname(path)}`)
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new UserError('ENVIRONMENT', `${path}: expected a file to write, found a folder`)
}

/** @throws UserError ENVIRONMENT where it cannot be written. */
export async function writePng(path: string, picture: GreyPicture): Promise<void> {
  await writeWhole(path, Buffer.from(await encodePng(picture)))
}

/** @throws UserError ENVIRONMENT where it cannot be written. */
export async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  try {
    await writeFileAtomic(path, bytes)
  } catch (cause) {
    // The error's own path is the temporary file's.
    const { code } = cause as NodeJS.ErrnoException
    throw new UserError('ENVIRONMENT', `${path}: ${errorLine(Object.assign(new Error(String(cause)), { code }))}`, {
      cause,
    })
  }
}
