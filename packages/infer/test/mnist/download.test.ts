import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type DownloadPatience, downloadMnist } from '../../src/mnist/download/download-mnist.js'
import type { MnistFile } from '../../src/mnist/download/mnist-files.js'
import {
  type Answer,
  cutAfter,
  instead,
  type Mirror,
  silent,
  stallAfter,
  startMirror,
  startProxy,
  status,
  wholeAlways,
} from './mirror-server.js'

/** Bytes that gzip can't make smaller, so that there is something to cut. */
const CONTENT = Buffer.concat(
  Array.from({ length: 4000 }, (_, index) => createHash('sha256').update(`${index}`).digest()),
)
const PACKED = gzipSync(CONTENT)
const FILE: MnistFile = {
  name: 't10k-labels-idx1-ubyte',
  part: 't10k',
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  bytes: CONTENT.length,
}
const NAME = `${FILE.name}.gz`
const IMPATIENT: DownloadPatience = { answer: 300, silence: 300, attempts: 3, pause: 1 }
const WRONG = gzipSync(Buffer.from('another file'))

let root: string
let folder: string
const servers: Mirror[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'downloads of mnist '))
  folder = join(root, 'cache', 'mnist-onnx')
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY']) {
    vi.stubEnv(name, undefined)
  }
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  await rm(root, { recursive: true })
})

async function mirror(...answers: Answer[]): Promise<Mirror> {
  const server = await startMirror({ [NAME]: PACKED }, answers)
  servers.push(server)
  vi.stubEnv('MNIST_MIRROR', server.url)
  return server
}

const download = (options: Parameters<typeof downloadMnist>[1] = {}) =>
  downloadMnist(folder, { files: [FILE], patience: IMPATIENT, ...options })

/** The file is here whole and nothing beside it. */
async function expectWhole(): Promise<void> {
  expect(await readdir(folder)).toEqual([FILE.name])
  expect(Buffer.compare(await readFile(join(folder, FILE.name)), CONTENT)).toBe(0)
}

describe('a download', () => {
  test('brings the file unpacked, tells its progress, and is not done twice', async () => {
    const { requests, url } = await mirror()
    const progress: number[] = []
    const notices: string[] = []
    await download({
      onProgress: ({ name, received, total }) => {
        expect({ name, total }).toEqual({ name: FILE.name, total: PACKED.length })
        progress.push(received)
      },
      onNotice: (line) => notices.push(line),
    })
    await expectWhole()
    expect(progress.at(-1)).toBe(PACKED.length)
    expect(progress).toEqual(progress.toSorted((a, b) => a - b))
    expect(notices).toEqual([`downloading ${url}${NAME}`])
    await download()
    expect(requests).toEqual([`${NAME} whole`])
  })

  test.each<[string, Answer[], string[]]>([
    ['cut in the middle goes on from there', [cutAfter(50_000)], ['whole', 'bytes=50000-']],
    [
      'cut again and again goes on while something comes',
      [10_000, 20_000, 5_000, 30_000, 100].map(cutAfter),
      ['whole', 'bytes=10000-', 'bytes=30000-', 'bytes=35000-', 'bytes=65000-', 'bytes=65100-'],
    ],
    ['that falls silent goes on from there', [stallAfter(40_000)], ['whole', 'bytes=40000-']],
    ['from a server that gives no parts begins again', [cutAfter(50_000), wholeAlways], ['whole', 'bytes=50000-']],
    ['whose rest is refused begins again', [cutAfter(50_000), status(416)], ['whole', 'bytes=50000-', 'whole']],
    ['from a busy server is asked for again', [status(503), status(429)], ['whole', 'whole', 'whole']],
    [
      'of a file that has changed meanwhile begins again',
      [({ incoming, outgoing }) => cutAfter(20)({ incoming, outgoing, content: WRONG })],
      ['whole', 'bytes=20-'],
    ],
    ['of a file that the mirror keeps unpacked is taken as it is', [instead(CONTENT)], ['whole']],
  ])('%s', async (_, answers, ranges) => {
    const { requests } = await mirror(...answers)
    await download()
    await expectWhole()
    expect(requests).toEqual(ranges.map((range) => `${NAME} ${range}`))
  })

  test.each<[string, Answer[], string]>([
    ['that is not there', [status(404)], 'HTTP status 404'],
    ['that is forbidden', [status(403)], 'HTTP status 403'],
    ['from a server that fails throughout', [status(500), status(502), status(503)], 'HTTP status 503'],
    ['from a server that does not answer', [silent], 'no answer for 0.3 s'],
    [
      'with a wrong checksum',
      [instead(WRONG)],
      `content with SHA-256 ${createHash('sha256').update('another file').digest('hex').slice(0, 12)}… ` +
        `in place of ${FILE.sha256.slice(0, 12)}…`,
    ],
    [
      'that is damaged inside',
      [instead(Buffer.concat([PACKED.subarray(0, 100), Buffer.alloc(100)]))],
      "gzip data that doesn't unpack (unexpected end of file)",
    ],
    [
      'that unpacks to more than it should',
      [instead(gzipSync(Buffer.alloc(2 ** 24)))],
      "gzip data that doesn't unpack (Cannot create a Buffer larger than 128001 bytes)",
    ],
    ['that is much too large', [instead(Buffer.alloc(300_000))], '300000 bytes, more than 193536'],
    [
      'that goes on for ever',
      [({ outgoing }) => void outgoing.writeHead(200).write(Buffer.alloc(300_000))],
      'more than 193536 bytes',
    ],
  ])('%s fails in one line and leaves nothing', async (_, answers, found) => {
    const { url } = await mirror(...answers)
    await expect(download()).rejects.toMatchObject({
      code: 'NETWORK',
      message:
        `${NAME}: expected to download it, found ${new URL(url).host}: ${found}: ` +
        'check the network, or set HTTPS_PROXY, MNIST_MIRROR (a URL) or MNIST_DIR (a folder)',
    })
    expect(await readdir(folder)).toEqual([])
  })

  test('from a port where nobody listens fails in one line', async () => {
    const { stop } = await mirror()
    await stop()
    await expect(download()).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/found 127\.0\.0\.1:\d+: connection refused: check the network/),
    })
  })

  test('follows a redirect', async () => {
    const { url } = await mirror()
    await mirror(({ outgoing }) => outgoing.writeHead(302, { location: `${url}${NAME}` }).end())
    await download()
    await expectWhole()
  })

  test('that ends in the middle is gone on with by the next process', async () => {
    const cut = cutAfter(1000)
    const { requests } = await mirror(cut, status(404))
    await expect(download()).rejects.toMatchObject({ code: 'NETWORK' })
    expect(await readdir(folder)).toEqual([`${NAME}.part`])
    await download()
    await expectWhole()
    expect(requests.at(-1)).toBe(`${NAME} bytes=1000-`)
  })

  test('takes over what a killed process has left, and leaves what a running one has', async () => {
    const { url, requests } = await mirror()
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    await mkdir(folder, { recursive: true })
    const etag = `"${createHash('sha256').update(PACKED).digest('hex')}"`
    const origin = `${JSON.stringify({ url: `${url}${NAME}`, validator: etag })}\n`
    const bytes = Buffer.concat([Buffer.from(origin), PACKED.subarray(0, 7000)])
    await writeFile(join(folder, `${NAME}.${child.pid}.0123abcd.part`), bytes)
    const running = `${NAME}.${process.ppid}.0123abcd.part`
    await writeFile(join(folder, running), bytes)
    await download()
    expect(requests).toEqual([`${NAME} bytes=7000-`])
    expect((await readdir(folder)).toSorted()).toEqual([FILE.name, running])
  })

  test('makes nothing of a part that is damaged', async () => {
    const { requests } = await mirror()
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${NAME}.part`), '{"url": "http')
    await download()
    await expectWhole()
    expect(requests).toEqual([`${NAME} whole`])
  })

  test('done by four at once ends well for all of them', async () => {
    await mirror(cutAfter(500), cutAfter(60_000), cutAfter(9_000))
    await Promise.all([download(), download(), download(), download()])
    await expectWhole()
  })

  test('that is called off keeps what has come', async () => {
    await mirror(stallAfter(3000))
    const caller = new AbortController()
    const reason = new Error('called off')
    const onProgress = ({ received }: { received: number }): void => {
      if (received > 0) caller.abort(reason)
    }
    await expect(download({ signal: caller.signal, onProgress })).rejects.toBe(reason)
    expect(await readdir(folder)).toEqual([`${NAME}.part`])
  })

  test('goes through the proxy that is set, unless it is not to', async () => {
    const { requests, url } = await mirror(cutAfter(1000))
    const proxy = await startProxy()
    servers.push(proxy)
    vi.stubEnv('HTTP_PROXY', proxy.url)
    await download()
    await expectWhole()
    expect(proxy.requests).toEqual([`${url}${NAME}`, `${url}${NAME}`])
    expect(requests).toEqual([`${NAME} whole`, `${NAME} bytes=1000-`])
    vi.stubEnv('NO_PROXY', '127.0.0.1')
    await rm(join(folder, FILE.name))
    await download()
    expect(proxy.requests).toHaveLength(2)
  })

  test.each([
    [
      'MNIST_MIRROR',
      'ftp://mirror/mnist',
      'MNIST_MIRROR: expected a URL that begins https:// or http://, found ftp://mirror/mnist',
    ],
    ['HTTP_PROXY', 'no url', 'HTTP_PROXY or HTTPS_PROXY: expected a URL, found Invalid URL'],
  ])('with a %s that is none is refused', async (name, value, message) => {
    await mirror()
    vi.stubEnv(name, value)
    await expect(download()).rejects.toMatchObject({ code: 'USAGE', message })
  })

  test('into a place where a file lies says so', async () => {
    await mirror()
    await writeFile(join(root, 'cache'), '')
    await expect(download()).rejects.toMatchObject({
      code: 'ENVIRONMENT',
      message:
        `${folder}: expected to keep MNIST here, found a file in the way: ` +
        'make room, or set XDG_CACHE_HOME to another folder',
    })
  })

  test.skipIf(process.getuid?.() === 0)('into a folder that is not writable says so', async () => {
    await mirror()
    await mkdir(folder, { recursive: true })
    await chmod(folder, 0o500)
    await expect(download()).rejects.toMatchObject({ code: 'ENVIRONMENT' })
  })
})
