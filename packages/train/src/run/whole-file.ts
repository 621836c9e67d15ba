/**
 * Files that are there whole or not at all: written beside their place, put on the disk, then renamed. (write-file-atomic 7 takes a
 * short write, which is how a full disk begins, for a whole one.)
 */
import { open, rename, rm } from 'node:fs/promises'

/** How the names of files under way end. */
const PARTIAL = '.partial'

/** @throws the system's error, with `path` in it; what was at `path` before is then still there. */
export async function writeWholeFile(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}${PARTIAL}`
  try {
    const file = await open(partial, 'w')
    try {
      // Goes on after a short write, and so meets the error behind it.
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {})
    throw Object.assign(error as Error, { path })
  }
}

/** Whether a file of this name was under way when its process ended. */
export function isPartial(name: string): boolean {
  return name.endsWith(PARTIAL)
}
