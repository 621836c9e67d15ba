/** What defines a run. Two runs with the same settings and the same engine end with the same weights. */
import { createHash } from 'node:crypto'
import type { Dataset, Digits } from 'mnist-infer/mnist'

export interface RunSettings {
  readonly network: string
  readonly recipe: string
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  readonly seed: number
  /** Pictures whose gradients are computed at a time; absent: the whole batch. */
  readonly microBatch?: number
  /** At most so many training pictures and a sixth as many test pictures; absent: all. */
  readonly limit?: number
  readonly data: {
    /** What the `--data` option said, so that a resumed run finds the same pictures. */
    readonly option: string
    /** In words, for the card and the terminal. */
    readonly description: string
    /** SHA-256 over all pictures and labels. */
    readonly sha256: string
  }
}

/** SHA-256 (hex) over the pictures and labels of both parts. */
export function datasetChecksum({ train, test }: Pick<Dataset, 'train' | 'test'>): string {
  const hash = createHash('sha256')
  for (const { images, labels } of [train, test]) hash.update(images).update(labels)
  return hash.digest('hex')
}

/** The first `limit` training pictures and the first `limit`/6 test pictures (MNIST's own proportion). */
export function limited<T extends Pick<Dataset, 'train' | 'test'>>(dataset: T, limit: number | undefined): T {
  if (limit === undefined) return dataset
  return {
    ...dataset,
    train: first(dataset.train, limit),
    test: first(dataset.test, Math.max(1, Math.round(limit / 6))),
  }
}

function first(digits: Digits, count: number): Digits {
  if (count >= digits.count) return digits
  const pixels = digits.images.length / digits.count
  return { images: digits.images.subarray(0, count * pixels), labels: digits.labels.subarray(0, count), count }
}

/** Whether a run with `a` would do again what a run with `b` has done. */
export function sameSettings(a: RunSettings, b: RunSettings): boolean {
  return fingerprint(a) === fingerprint(b)
}

function fingerprint({ data, ...rest }: RunSettings): string {
  return JSON.stringify(Object.entries({ ...rest, data: data.sha256 }).sort(([a], [b]) => (a < b ? -1 : 1)))
}
