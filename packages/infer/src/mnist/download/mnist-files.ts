/** The four files of MNIST, and how to tell that they are. */
import type { Part } from '../folder.js'

export interface MnistFile {
  /** Name on the mirrors, without `.gz`. */
  readonly name: string
  readonly part: Part
  /** SHA-256 of the unpacked file, in hex. */
  readonly sha256: string
  /** Size of the unpacked file, in bytes. */
  readonly bytes: number
}

export const MNIST_FILES: readonly MnistFile[] = [
  {
    name: 'train-images-idx3-ubyte',
    part: 'train',
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    bytes: 16 + 60_000 * 784,
  },
  {
    name: 'train-labels-idx1-ubyte',
    part: 'train',
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    bytes: 8 + 60_000,
  },
  {
    name: 't10k-images-idx3-ubyte',
    part: 't10k',
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    bytes: 16 + 10_000 * 784,
  },
  {
    name: 't10k-labels-idx1-ubyte',
    part: 't10k',
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    bytes: 8 + 10_000,
  },
]
