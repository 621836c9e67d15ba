/**
 * A download that isn't finished, kept so that the next try goes on where this one stopped. One file: a line of JSON that
 * says what the bytes are the beginning of, then the bytes.
 *
 * Processes that download the same file at the same time don't meet: each takes a part over by renaming it to a name of
 * its own, which only one can do. What a killed process has left is known by the process that isn't there any more.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Of what the bytes are the beginning. */
export interface Origin {
  readonly url: string
  /** The server's strong ETag or its Last-Modified: what If-Range takes. Without one there is no going on. */
  readonly validator: string | undefined
}

export interface Part {
  /** Its path, for messages. */
  readonly path: string
  readonly origin: Origin | undefined
  /** Bytes of the content that are here. */
  readonly received: number
  /** Forgets what is here and begins anew. */
  begin(origin: Origin): Promise<void>
  append(bytes: Uint8Array): Promise<void>
  /** The content, from its first byte. */
  content(): Promise<Buffer>
  /** Leaves it for the next process. */
  leave(): Promise<void>
  /** Deletes it and all that killed processes have left of the same file. */
  remove(): Promise<void>
}

/** No line of JSON is longer. */
const MAX_HEADER = 4096

/** Takes over what there is of `name` in `folder`, or begins with nothing. */
export async function openPart(folder: string, name: string): Promise<Part> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${name}.${process.pid}.${randomUUID().slice(0, 8)}.part`)
  for (const old of [join(folder, `${name}.part`), ...(await orphans(folder, name))]) {
    const isMine = await rename(old, path).then(
      () => true,
      () => false,
    )
    if (isMine) break
  }
  const file = await open(path, 'a+')
  try {
    return part({ folder, name, path, file, ...(await readHeader(file)) })
  } catch (error) {
    await file.close()
    throw error
  }
}

interface State {
  readonly folder: string
  readonly name: string
  readonly path: string
  readonly file: FileHandle
  readonly origin: Origin | undefined
  /** Bytes before the content. */
  readonly header: number
  readonly received: number
}

function part({ folder, name, path, file, ...state }: State): Part {
  let { origin, header, received } = state
  return {
    path,
    get origin() {
      return origin
    },
    get received() {
      return received
    },
    async begin(newOrigin) {
      const line = Buffer.from(`${JSON.stringify(newOrigin)}\n`)
      await file.truncate(0)
      await file.appendFile(line)
      origin = newOrigin
      header = line.length
      received = 0
    },
    async append(bytes) {
      await file.appendFile(bytes)
      received += bytes.length
    },
    async content() {
      const bytes = Buffer.alloc(received)
      let filled = 0
      while (filled < received) {
        const { bytesRead } = await file.read(bytes, filled, received - filled, header + filled)
        if (bytesRead === 0) throw new Error(`internal: ${path} was cut while it was open`)
        filled += bytesRead
      }
      return bytes
    },
    async leave() {
      await file.close()
      await (received > 0 ? rename(path, join(folder, `${name}.part`)) : rm(path, { force: true }))
    },
    async remove() {
      await file.close()
      for (const old of [path, join(folder, `${name}.part`), ...(await orphans(folder, name))]) {
        await rm(old, { force: true })
      }
    },
  }
}

/** What the first line says; a part without a whole one is worth nothing. */
async function readHeader(file: FileHandle): Promise<Pick<State, 'origin' | 'header' | 'received'>> {
  const { size } = await file.stat()
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER), 0, MAX_HEADER, 0)
  const end = buffer.subarray(0, bytesRead).indexOf('\n')
  try {
    const { url, validator } = JSON.parse(buffer.toString('utf8', 0, Math.max(0, end))) as Record<string, unknown>
    if (typeof url === 'string' && typeof validator === 'string') {
      return { origin: { url, validator }, header: end + 1, received: size - end - 1 }
    }
  } catch {
    // Not ours, or cut in its first line: begun anew below.
  }
  return { origin: undefined, header: 0, received: 0 }
}

/** Parts of processes that aren't there any more. */
async function orphans(folder: string, name: string): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((entry) => {
      if (!entry.startsWith(`${name}.`)) return false
      const pid = /^(\d+)\.[0-9a-f]{8}\.part$/.exec(entry.slice(name.length + 1))?.[1]
      return pid !== undefined && !isRunning(Number(pid))
    })
    .map((entry) => join(folder, entry))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: there is one, of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
