/** Downloads MNIST: from the first mirror that has it, through a proxy where one is set, going on where it was cut. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { UserError } from 'mnist-export/errors'
import { type Dispatcher, EnvHttpProxyAgent, interceptors } from 'undici'
import writeFileAtomic from 'write-file-atomic'
import { type Failure, type FailureKind, fail, isFailure } from './failure.js'
import { fetchPart, type Patience } from './fetch-part.js'
import { folderError } from './folder-error.js'
import { mirrorsOf } from './mirrors.js'
import { MNIST_FILES, type MnistFile } from './mnist-files.js'
import { openPart, type Part } from './part-file.js'

export interface DownloadProgress {
  /** Name of the file that is coming in. */
  readonly name: string
  /** Bytes of it that are here, packed. */
  readonly received: number
  /** Bytes that it has, packed, where the server says so. */
  readonly total: number | undefined
}

export interface DownloadOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: DownloadProgress) => void
  readonly onNotice?: (line: string) => void
  /** The files to bring; MNIST's four. */
  readonly files?: readonly MnistFile[]
  readonly patience?: DownloadPatience
}

/** How much is borne before a mirror is given up. Times in milliseconds. */
export interface DownloadPatience extends Patience {
  /** Requests in a row that bring nothing new. */
  readonly attempts: number
  /** Before the second request; doubled before each further one. */
  readonly pause: number
}

/** For a user who waits for MNIST and nothing else. */
export const PATIENT: DownloadPatience = { answer: 20_000, silence: 30_000, attempts: 5, pause: 500 }

/** For one who is as well served with generated digits: where there is no network, that shows in seconds. */
export const BRISK: DownloadPatience = { answer: 4_000, silence: 15_000, attempts: 3, pause: 250 }

/** Packed files are smaller than their content; bytes that don't pack may grow by this much. */
const PACKING_SLACK = 65_536

/**
 * Brings what `folder` lacks of the files, unpacked, each in one step once its checksum is right.
 * @throws UserError NETWORK where no mirror has them; ENVIRONMENT where the folder doesn't take them; the signal's reason
 */
export async function downloadMnist(folder: string, options: DownloadOptions = {}): Promise<void> {
  const { files = MNIST_FILES, signal } = options
  const mirrors = mirrorsOf(process.env)
  const agent = proxyAgent()
  try {
    let first = 0
    for (const file of files) {
      signal?.throwIfAborted()
      if (await isWhole(join(folder, file.name), file)) continue
      // The mirror that had the last file is asked first for the next one.
      const order = [...mirrors.slice(first), ...mirrors.slice(0, first)]
      const mirror = await bring(file, order, { ...options, folder, agent })
      first = mirrors.indexOf(mirror)
    }
  } catch (error) {
    throw folderError(error, folder)
  } finally {
    await agent.destroy()
  }
}

interface Bringing extends DownloadOptions {
  readonly folder: string
  readonly agent: Dispatcher
}

/** Whether the same request may end better in a moment. */
const IS_PASSING: Readonly<Record<FailureKind, boolean>> = {
  unreachable: false,
  silent: false,
  cut: true,
  busy: true,
  refused: false,
  content: false,
}

/** Brings one file from the first mirror that has it, and returns that mirror. */
async function bring(file: MnistFile, mirrors: readonly string[], options: Bringing): Promise<string> {
  const part = await openPart(options.folder, `${file.name}.gz`)
  const failures: Error[] = []
  let isDone = false
  try {
    for (const mirror of mirrors) {
      const url = new URL(`${file.name}.gz`, mirror).href
      options.onNotice?.(`downloading ${url}`)
      const failure = await fetchWhole(url, part, { ...options, file })
      if (failure === undefined) {
        isDone = true
        return mirror
      }
      failures.push(new Error(`${new URL(mirror).host}: ${failure.message}`, { cause: failure }))
    }
  } finally {
    await (isDone ? part.remove() : part.leave())
  }
  const cause = new AggregateError(failures, failures.map(({ message }) => message).join('; '))
  throw new UserError(
    'NETWORK',
    `${file.name}.gz: expected to download it, found ${cause.message}: ` +
      'check the network, or set HTTPS_PROXY, MNIST_MIRROR (a URL) or MNIST_DIR (a folder)',
    { cause },
  )
}

/** Asks one mirror until the file is here and right, or the mirror's last failure is known. */
async function fetchWhole(
  url: string,
  part: Part,
  { file, folder, agent, signal, onProgress, patience = PATIENT }: Bringing & { file: MnistFile },
): Promise<Failure | undefined> {
  let attempt = 1
  let isRestarted = false
  while (true) {
    const before = part.received
    try {
      await fetchPart({
        url,
        part,
        limit: file.bytes + PACKING_SLACK,
        dispatcher: agent,
        patience,
        signal,
        onBytes: (received, total) => onProgress?.({ name: file.name, received, total }),
      })
      await writeFileAtomic(join(folder, file.name), await unpacked(await part.content(), file))
      return undefined
    } catch (failure) {
      if (!isFailure(failure)) throw failure
      const hasProgress = part.received > before
      attempt = hasProgress ? 2 : attempt + 1
      if (failure.kind === 'content') {
        await part.begin({ url, validator: undefined })
        // A beginning that was right for another file spoils the whole: once more, from the first byte.
        if (before === 0 || isRestarted) return failure
        isRestarted = true
      } else if (attempt > patience.attempts || !(IS_PASSING[failure.kind] || hasProgress)) return failure
    }
    await delay(patience.pause * 2 ** (attempt - 2), undefined, signal === undefined ? {} : { signal })
  }
}

/** The file's content, which is what it should be; a mirror may keep it packed or not. */
async function unpacked(bytes: Buffer, file: MnistFile): Promise<Buffer> {
  let content = bytes
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    content = await promisify(gunzip)(bytes, { maxOutputLength: file.bytes + 1 }).catch((cause) => {
      throw fail('content', `gzip data that doesn't unpack (${(cause as Error).message})`, cause)
    })
  }
  const digest = createHash('sha256').update(content).digest('hex')
  if (digest !== file.sha256) {
    throw fail('content', `content with SHA-256 ${digest.slice(0, 12)}… in place of ${file.sha256.slice(0, 12)}…`)
  }
  return content
}

/** Files are put here whole and checked, so their size tells. */
async function isWhole(path: string, file: MnistFile): Promise<boolean> {
  return stat(path).then(
    ({ size }) => size === file.bytes,
    () => false,
  )
}

function proxyAgent(): Dispatcher {
  try {
    // Plain http is forwarded, as every proxy does it; tunnels to port 80 are what many refuse.
    return new EnvHttpProxyAgent({ proxyTunnel: false }).compose(interceptors.redirect({ maxRedirections: 5 }))
  } catch (cause) {
    throw new UserError('USAGE', `HTTP_PROXY or HTTPS_PROXY: expected a URL, found ${(cause as Error).message}`, {
      cause,
    })
  }
}
