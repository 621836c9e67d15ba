/** The first training digits of MNIST where MNIST_DIR is set, else random pixels. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type Batch, randomBatch } from '../../gradient/support/networks.js'

/** Bytes before the data of an IDX file of pictures, and of labels. */
const [PICTURES_HEADER, LABELS_HEADER] = [16, 8]

export function firstDigits(count: number): Batch {
  const folder = process.env.MNIST_DIR
  if (folder === undefined) return randomBatch(8, count)
  const images = unpacked(join(folder, 'train-images-idx3-ubyte')).subarray(PICTURES_HEADER)
  const labels = unpacked(join(folder, 'train-labels-idx1-ubyte')).subarray(LABELS_HEADER)
  return {
    count,
    pixels: Float32Array.from(images.subarray(0, count * 28 * 28), (value) => value / 255),
    labels: [...labels.subarray(0, count)],
  }
}

function unpacked(path: string): Buffer {
  return existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`))
}
