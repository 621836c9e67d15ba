/** Which process trains a run: two at once would write over each other's checkpoints. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { checkpointFile } from './checkpoint.js'

interface Owner {
  readonly host: string
  readonly pid: number
}

function ownerFile(runFolder: string): string {
  return join(dirname(checkpointFile(runFolder)), 'owner.json')
}

/** Says that this process trains the run. */
export async function ownRun(runFolder: string): Promise<void> {
  const owner: Owner = { host: hostname(), pid: process.pid }
  await mkdir(dirname(ownerFile(runFolder)), { recursive: true })
  await writeFile(ownerFile(runFolder), JSON.stringify(owner))
}

export async function disownRun(runFolder: string): Promise<void> {
  await rm(ownerFile(runFolder), { force: true })
}

/** The id of another process on this machine that is training the run now. One that was killed leaves its file behind, not itself. */
export async function ownerOf(runFolder: string): Promise<number | undefined> {
  const text = await readFile(ownerFile(runFolder), 'utf8').catch(() => '')
  try {
    const { host, pid } = JSON.parse(text) as Owner
    return host === hostname() && pid !== process.pid && isAlive(pid) ? pid : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 asks only whether there is such a process.
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
