/** `--explain DIR`: each step of a picture's framing as a PNG file, numbered in order. */
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UserError } from 'mnist-export/errors'
import type { Step } from '../image/frame.js'
import { writePng } from './write-file.js'

export interface Explainer {
  /** Writes the steps of one picture into a folder of its name. */
  write(name: string, steps: readonly Step[]): Promise<void>
}

/** @throws UserError ENVIRONMENT where the folder cannot be made. */
export async function openExplainer(folder: string): Promise<Explainer> {
  await makeFolder(folder)
  const used = new Map<string, number>()
  return {
    async write(name, steps) {
      const base = basename(name).replace(/[^\p{L}\p{N}._ -]/gu, '_')
      const count = (used.get(base) ?? 0) + 1
      used.set(base, count)
      const own = join(folder, count === 1 ? base : `${base} ${count}`)
      await makeFolder(own)
      for (const [index, step] of steps.entries()) {
        // In order by name, too, where there are more than nine.
        const number = String(index + 1).padStart(String(steps.length).length, '0')
        await writePng(join(own, `${number} ${step.name}.png`), step.picture)
      }
    },
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'a file is in its way' : `it cannot be made (${code})`
    throw new UserError('ENVIRONMENT', `${folder}: expected a folder to write to: ${reason}`, { cause })
  }
}
