import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cacheFolder } from '../../src/mnist/cache-folder.js'
import { loadDataset, loadTestDigits } from '../../src/mnist/dataset.js'
import { generateDigits } from '../../src/mnist/generate/generate-digits.js'
import { encodeIdx } from '../../src/mnist/idx.js'
import { type Mirror, startMirror } from './mirror-server.js'

/** The tests set MNIST_DIR themselves. */
const { MNIST_DIR } = process.env

let root: string
let mirror: Mirror

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'data sets '))
  mirror = await startMirror({}, [])
  vi.stubEnv('MNIST_DIR', undefined)
  vi.stubEnv('XDG_CACHE_HOME', root)
  vi.stubEnv('MNIST_MIRROR', mirror.url)
  for (const name of ['http_proxy', 'HTTP_PROXY']) vi.stubEnv(name, undefined)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await mirror.stop()
  await rm(root, { recursive: true })
})

async function writeFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const [part, count] of [
    ['train', 30],
    ['t10k', 10],
  ] as const) {
    const { images, labels } = generateDigits({ count, seed: count })
    await writeFile(join(folder, `${part}-images-idx3-ubyte`), encodeIdx({ shape: [count, 28, 28], data: images }))
    await writeFile(join(folder, `${part}-labels-idx1-ubyte`), encodeIdx({ shape: [count], data: labels }))
  }
  return folder
}

describe('a data set', () => {
  test('comes from the folder that is named', async () => {
    const folder = await writeFolder(join(root, 'my digits'))
    const { train, test, source } = await loadDataset({ data: folder })
    expect([train.count, test.count]).toEqual([30, 10])
    expect(source).toEqual({ kind: 'folder', description: `digits of the folder ${folder}` })
    expect((await loadTestDigits({ data: folder })).test).toEqual(test)
  })

  test.each(['auto', 'mnist'])(
    '%s comes from MNIST_DIR before the cache, from the cache before the mirrors',
    async (data) => {
      const cache = await writeFolder(join(root, 'mnist-onnx'))
      const named = await writeFolder(join(root, 'named'))
      expect((await loadTestDigits({ data })).source.description).toBe(`digits of the folder ${cache}`)
      vi.stubEnv('MNIST_DIR', named)
      expect((await loadTestDigits({ data })).source.description).toBe(`digits of the folder ${named}`)
      expect(mirror.requests).toEqual([])
    },
  )

  test.each(['auto', 'mnist'])('%s with a MNIST_DIR that lacks the files is refused', async (data) => {
    vi.stubEnv('MNIST_DIR', root)
    await expect(loadDataset({ data })).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining(`${root}: expected a folder with train-images-idx3-ubyte`),
    })
  })

  test('auto is generated where MNIST can not be had, and says why', async () => {
    const notices: string[] = []
    const { test, source } = await loadTestDigits({ data: 'auto', onNotice: (line) => notices.push(line) })
    const { host } = new URL(mirror.url)
    expect(test.count).toBe(10_000)
    expect(source).toEqual({
      kind: 'synthetic',
      description: `generated digits (MNIST could not be had: ${host}: HTTP status 404)`,
    })
    expect(notices.at(-1)).toMatch(
      /^MNIST could not be had, going on with generated digits: train-images-idx3-ubyte\.gz: /,
    )
  })

  test('mnist fails where MNIST can not be had', async () => {
    await expect(loadDataset({ data: 'mnist' })).rejects.toMatchObject({ code: 'NETWORK' })
  })

  test('auto with settings that make no sense is refused', async () => {
    vi.stubEnv('MNIST_MIRROR', 'mirror')
    await expect(loadTestDigits({ data: 'auto' })).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('synthetic asks nobody', async () => {
    const { test, source } = await loadTestDigits({ data: 'synthetic' })
    expect([test.count, source]).toEqual([10_000, { kind: 'synthetic', description: 'generated digits' }])
    expect(mirror.requests).toEqual([])
  })

  test.runIf(MNIST_DIR)('is known for MNIST by its checksums (needs MNIST_DIR)', async () => {
    const { train, test, source } = await loadDataset({ data: MNIST_DIR as string })
    expect([train.count, test.count, source]).toEqual([60_000, 10_000, { kind: 'mnist', description: 'MNIST' }])
  })
})

describe("the user's cache", () => {
  test.each<[NodeJS.Platform, NodeJS.ProcessEnv, RegExp]>([
    ['linux', { XDG_CACHE_HOME: '/caches' }, /^\/caches\/mnist-onnx$/],
    ['linux', { XDG_CACHE_HOME: 'relative' }, /\/\.cache\/mnist-onnx$/],
    ['linux', {}, /\/\.cache\/mnist-onnx$/],
    ['darwin', {}, /\/Library\/Caches\/mnist-onnx$/],
    ['win32', { LOCALAPPDATA: '/local' }, /^\/local\/mnist-onnx$/],
  ])('on %s with %o lies at %s', (platform, environment, path) => {
    expect(cacheFolder(environment, platform).replaceAll('\\', '/')).toMatch(path)
  })
})
