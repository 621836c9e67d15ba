/** The data set that a `--data` option names, from wherever it is to be had. */
import { createHash } from 'node:crypto'
import { UserError } from 'mnist-export/errors'
import { cacheFolder } from './cache-folder.js'
import { DIGIT_SIZE, type Digits } from './digits.js'
import type { DownloadProgress } from './download/download-mnist.js'
import { MNIST_FILES } from './download/mnist-files.js'
import { hasDigits, type Part, readDigits } from './folder.js'
import { generateDigits } from './generate/generate-digits.js'
import { encodeIdxHeader } from './idx.js'

export interface DatasetSource {
  /** `mnist` where the pictures are MNIST's own, byte for byte, wherever they were found. */
  readonly kind: 'mnist' | 'synthetic' | 'folder'
  /** In words, for the terminal and the model's card. */
  readonly description: string
}

export interface Dataset {
  readonly train: Digits
  readonly test: Digits
  readonly source: DatasetSource
}

/** The test part alone. */
export interface TestDigits {
  readonly test: Digits
  readonly source: DatasetSource
}

export interface LoadOptions {
  /**
   * `auto`, `mnist`, `synthetic` or the path of a folder with the four IDX files. `auto` and `mnist` look at MNIST_DIR, in
   * the user's cache and on the mirrors; where MNIST can't be had, `mnist` fails and `auto` generates digits.
   */
  readonly data: string
  /** Ends a download. */
  readonly signal?: AbortSignal
  /** Told of each piece that a download brings. */
  readonly onProgress?: (progress: DownloadProgress) => void
  /** Told what the user should know, a line at a time: a download that begins, digits that aren't MNIST's. */
  readonly onNotice?: (line: string) => void
}

/** MNIST's own proportions. Different seeds make different digits, so that nothing is tested on what it has seen. */
const SYNTHETIC: Readonly<Record<Part, { count: number; seed: number }>> = {
  train: { count: 60_000, seed: 1 },
  t10k: { count: 10_000, seed: 2 },
}

/**
 * Both parts of the data set.
 * @throws UserError INPUT for a folder that doesn't hold one; NETWORK or ENVIRONMENT where `mnist` can't be had
 */
export async function loadDataset(options: LoadOptions): Promise<Dataset> {
  const place = await find(options)
  const [train, test] = [await read(place, 'train'), await read(place, 't10k')]
  return { train, test, source: sourceOf(place, [train, 'train'], [test, 't10k']) }
}

/** Like `loadDataset`, without the 60,000 pictures that a verification has no use for. */
export async function loadTestDigits(options: LoadOptions): Promise<TestDigits> {
  const place = await find(options)
  const test = await read(place, 't10k')
  return { test, source: sourceOf(place, [test, 't10k']) }
}

/** A folder that holds the data set, or the reason for generating one. */
type Place = { readonly folder: string } | { readonly generated: string }

async function find(options: LoadOptions): Promise<Place> {
  const { data, onNotice } = options
  if (data === 'synthetic') return { generated: 'generated digits' }
  if (data !== 'auto' && data !== 'mnist') return { folder: data }
  // A folder that the user names is never passed over without a word.
  const { MNIST_DIR } = process.env
  if (MNIST_DIR !== undefined && MNIST_DIR !== '') return { folder: MNIST_DIR }
  const cache = cacheFolder(process.env)
  if (await hasDigits(cache)) return { folder: cache }
  // Loaded where it is needed: it takes longer than reading the test pictures.
  const { downloadMnist, BRISK, PATIENT } = await import('./download/download-mnist.js')
  try {
    await downloadMnist(cache, { ...options, patience: data === 'auto' ? BRISK : PATIENT })
    return { folder: cache }
  } catch (error) {
    if (data === 'mnist' || options.signal?.aborted || !(error instanceof UserError) || error.code === 'USAGE')
      throw error
    onNotice?.(`MNIST could not be had, going on with generated digits: ${error.message}`)
    const reason = error.cause instanceof AggregateError ? error.cause.message : error.message
    return { generated: `generated digits (MNIST could not be had: ${reason})` }
  }
}

async function read(place: Place, part: Part): Promise<Digits> {
  return 'folder' in place ? readDigits(place.folder, part) : generateDigits(SYNTHETIC[part])
}

function sourceOf(place: Place, ...parts: readonly (readonly [Digits, Part])[]): DatasetSource {
  if ('generated' in place) return { kind: 'synthetic', description: place.generated }
  if (parts.every(([digits, part]) => isMnist(digits, part))) return { kind: 'mnist', description: 'MNIST' }
  return { kind: 'folder', description: `digits of the folder ${place.folder}` }
}

/** Whether they are MNIST's own, by the checksums of the files that they fill. */
function isMnist({ images, labels, count }: Digits, part: Part): boolean {
  const arrays = [
    { shape: [count, DIGIT_SIZE, DIGIT_SIZE], data: images },
    { shape: [count], data: labels },
  ]
  const files = MNIST_FILES.filter((file) => file.part === part)
  return arrays.every((array, index) => {
    const digest = createHash('sha256').update(encodeIdxHeader(array)).update(array.data).digest('hex')
    return digest === files[index]?.sha256
  })
}
