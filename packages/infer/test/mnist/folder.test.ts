import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasDigits, readDigits } from '../../src/mnist/folder.js'
import { generateDigits } from '../../src/mnist/generate/generate-digits.js'
import { encodeIdx } from '../../src/mnist/idx.js'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'folders of digits '))
})
afterAll(() => rm(root, { recursive: true }))

const { images, labels } = generateDigits({ count: 20, seed: 0 })
const IMAGES = encodeIdx({ shape: [20, 28, 28], data: images })
const LABELS = encodeIdx({ shape: [20], data: labels })

async function folderOf(name: string, files: Record<string, Uint8Array>): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder, { recursive: true })
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
  return folder
}

describe('a folder of digits', () => {
  test.each<[string, (stem: string, rank: number) => string, boolean]>([
    ["MNIST's names", (stem, rank) => `${stem}-idx${rank}-ubyte`, false],
    ["MNIST's names, packed", (stem, rank) => `${stem}-idx${rank}-ubyte.gz`, true],
    ['a dot in the names', (stem, rank) => `${stem}.idx${rank}-ubyte`, false],
    ['a dot in the names, packed', (stem, rank) => `${stem}.idx${rank}-ubyte.gz`, true],
    ["torchvision's layout", (stem, rank) => `MNIST/raw/${stem}-idx${rank}-ubyte`, false],
    ["torchvision's layout, packed", (stem, rank) => `MNIST/raw/${stem}-idx${rank}-ubyte.gz`, true],
  ])('is read with %s', async (layout, nameOf, packed) => {
    const pack = packed ? gzipSync : (bytes: Uint8Array) => bytes
    const folder = await folderOf(layout, {
      [nameOf('train-images', 3)]: pack(IMAGES),
      [nameOf('train-labels', 1)]: pack(LABELS),
    })
    const digits = await readDigits(folder, 'train')
    expect(digits.count).toBe(20)
    expect(Buffer.compare(digits.images, images)).toBe(0)
    expect(digits.labels).toEqual(labels)
    expect(await hasDigits(folder)).toBe(false)
  })

  test.each<[string, Record<string, Uint8Array>, (folder: string) => string]>([
    [
      'without files',
      {},
      (folder) =>
        `${folder}: expected a folder with train-images-idx3-ubyte (or .gz, or in MNIST/raw), found no such file: ` +
        'name the folder of the four MNIST files',
    ],
    [
      'without labels',
      { 'train-images-idx3-ubyte': IMAGES },
      (folder) =>
        `${folder}: expected a folder with train-labels-idx1-ubyte (or .gz, or in MNIST/raw), found no such file: ` +
        'name the folder of the four MNIST files',
    ],
    [
      'with fewer labels than pictures',
      {
        'train-images-idx3-ubyte': IMAGES,
        'train-labels-idx1-ubyte': encodeIdx({ shape: [19], data: labels.subarray(1) }),
      },
      (folder) =>
        `${join(folder, 'train-labels-idx1-ubyte')}: expected 20 labels, one for each picture of ` +
        `${join(folder, 'train-images-idx3-ubyte')}, found 19: take both files from one data set`,
    ],
    [
      'with a label above 9',
      {
        'train-images-idx3-ubyte': IMAGES,
        'train-labels-idx1-ubyte': encodeIdx({ shape: [20], data: labels.with(7, 10) }),
      },
      (folder) =>
        `${join(folder, 'train-labels-idx1-ubyte')}: expected labels from 0 to 9, found 10 at 7: name a data set of digits`,
    ],
    [
      'with pictures of another size',
      {
        'train-images-idx3-ubyte': encodeIdx({ shape: [20, 14, 56], data: images }),
        'train-labels-idx1-ubyte': LABELS,
      },
      (folder) =>
        `${join(folder, 'train-images-idx3-ubyte')}: expected pictures of [count, 28, 28], found [20, 14, 56]: ` +
        'name a data set laid out as MNIST is',
    ],
    [
      'with pictures and labels exchanged',
      { 'train-images-idx3-ubyte': LABELS, 'train-labels-idx1-ubyte': IMAGES },
      (folder) =>
        `${join(folder, 'train-images-idx3-ubyte')}: expected pictures of [count, 28, 28], found [20]: ` +
        'name a data set laid out as MNIST is',
    ],
    [
      'with pictures for labels',
      { 'train-images-idx3-ubyte': IMAGES, 'train-labels-idx1-ubyte': IMAGES },
      (folder) =>
        `${join(folder, 'train-labels-idx1-ubyte')}: expected labels of [count], found [20, 28, 28]: ` +
        'are pictures and labels exchanged?',
    ],
  ])('%s is refused in one line', async (name, files, message) => {
    const folder = await folderOf(name, files)
    await expect(readDigits(folder, 'train')).rejects.toMatchObject({ code: 'INPUT', message: message(folder) })
  })

  test('that is not there, or a file, is refused', async () => {
    const { pathname } = new URL(import.meta.url)
    await expect(readDigits(join(root, 'none'), 't10k')).rejects.toThrow('found no such folder: ')
    await expect(readDigits(pathname, 't10k')).rejects.toThrow('found a file: ')
  })

  test.runIf(process.env.MNIST_DIR)('of MNIST holds 60,000 and 10,000 digits (needs MNIST_DIR)', async () => {
    const folder = process.env.MNIST_DIR as string
    expect(await hasDigits(folder)).toBe(true)
    expect((await readDigits(folder, 'train')).count).toBe(60_000)
    const test = await readDigits(folder, 't10k')
    // The first labels of the test set, as every introduction prints them.
    expect([...test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4])
  })
})
