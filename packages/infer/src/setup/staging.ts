/**
 * A folder that is there whole or not at all: made under another name beside its own, then renamed. What a set-up that was cut left
 * behind is removed by the next.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { UserError } from 'mnist-export/errors'
import { isFolderError } from '../mnist/download/folder-error.js'

/** `.building-<process>-<random>` */
const PREFIX = '.building-'

/** Lets `build` fill a folder, which then takes the place of `final`. Where it throws, `final` is as it was. */
export async function stageFolder(final: string, build: (folder: string) => Promise<void>): Promise<void> {
  const parent = dirname(final)
  let folder: string | undefined
  try {
    await mkdir(parent, { recursive: true })
    await removeLeftovers(parent)
    folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`))
    await build(folder)
    await replace(final, folder)
  } catch (error) {
    if (error instanceof UserError || !isFolderError(error)) throw error
    throw folderRefused(error as NodeJS.ErrnoException, parent)
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

/** What a finished folder says of itself. */
export interface Seal {
  /** Versions and choices, in words. */
  readonly facts: Readonly<Record<string, string>>
  /** Bytes of each file, by its path below the folder. */
  readonly files: Readonly<Record<string, number>>
}

const SEAL = 'setup.json'

/** Writes the seal of what is in `folder`. */
export async function sealFolder(folder: string, facts: Seal['facts']): Promise<void> {
  const files: Record<string, number> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[relative(folder, path)] = (await stat(path)).size
  }
  await writeFile(join(folder, SEAL), JSON.stringify({ facts, files } satisfies Seal))
}

/** The folder's seal; undefined where it has none. */
export async function readSeal(folder: string): Promise<Seal | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, SEAL), 'utf8'))
  } catch {
    return undefined
  }
}

/** The first file that is not as the seal has it, with what is wrong with it; undefined where all are. */
export async function damage(folder: string, { files }: Seal): Promise<string | undefined> {
  for (const [path, bytes] of Object.entries(files)) {
    const found = await stat(join(folder, path)).catch(() => undefined)
    if (found === undefined) return `${join(folder, path)} is gone`
    if (found.size !== bytes) return `${join(folder, path)} has ${found.size} bytes instead of ${bytes}`
  }
  return undefined
}

/** Removes what set-ups of processes that are no more have left in `parent`. */
export async function removeLeftovers(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => [])
  for (const name of names.filter((entry) => entry.startsWith(PREFIX))) {
    const owner = Number(name.slice(PREFIX.length).split('-', 1)[0])
    if (owner === process.pid || !isAlive(owner)) await rm(join(parent, name), { recursive: true, force: true })
  }
}

async function replace(final: string, folder: string): Promise<void> {
  const old = join(dirname(final), `${PREFIX}${process.pid}-old-${basename(final)}`)
  const hadOne = await rename(final, old).then(
    () => true,
    () => false,
  )
  await rename(folder, final)
  if (hadOne) await rm(old, { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Someone else's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function folderRefused(cause: NodeJS.ErrnoException, folder: string): UserError {
  const reasons: Readonly<Record<string, string>> = {
    ENOSPC: 'no space left on the device',
    EDQUOT: 'no quota left',
    EROFS: 'a read-only file system',
  }
  const found = reasons[cause.code ?? ''] ?? 'no permission, or a file in the way'
  return new UserError(
    'ENVIRONMENT',
    `${cause.path ?? folder}: expected to build here, found ${found}: make room, or set XDG_CACHE_HOME to another folder`,
    { cause },
  )
}
