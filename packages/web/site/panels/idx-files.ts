/**
 * MNIST's four files as the visitor drops them: the IDX format of "The MNIST database" (Y. LeCun, C. Cortes, C. Burges), bytes only,
 * plain or in gzip. Which file is which is told by its header and its size, not by its name alone.
 */

export interface Digits {
  /** [count × 784] */
  readonly images: Uint8Array
  readonly labels: Uint8Array
  readonly count: number
}

interface IdxFile {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

/** Element type of bytes. */
const UBYTE = 8

/**
 * The training and the test part.
 * @throws Error, one line for the visitor, where the files are not a data set's.
 */
export async function readDataset(files: readonly File[]): Promise<{ train: Digits; test: Digits }> {
  if (files.length !== 4) throw new Error(`Files: expected the four of MNIST, found ${files.length}.`)
  const arrays = await Promise.all(files.map(readIdx))
  const isTest = ({ name }: IdxFile): boolean => /^(t10k|test)/.test(name)
  return {
    train: part(
      arrays.filter((file) => !isTest(file)),
      'train',
    ),
    test: part(arrays.filter(isTest), 't10k'),
  }
}

function part(files: readonly IdxFile[], name: string): Digits {
  const images = files.find(({ shape }) => shape.length === 3)
  const labels = files.find(({ shape }) => shape.length === 1)
  if (images === undefined || labels === undefined) {
    throw new Error(
      `Files: expected ${name}-images and ${name}-labels, found ${files.map((file) => file.name).join(' and ') || 'neither'}.`,
    )
  }
  const [count = 0, height, width] = images.shape
  if (height !== 28 || width !== 28)
    throw new Error(`${images.name}: expected pictures of 28×28, found ${height}×${width}.`)
  if (labels.shape[0] !== count) throw new Error(`${labels.name}: expected ${count} labels, found ${labels.shape[0]}.`)
  return { images: images.data, labels: labels.data, count }
}

async function readIdx(file: File): Promise<IdxFile> {
  const { name } = file
  const bytes = await unpacked(file)
  const [first, second, type, rank = 0] = bytes
  if (first !== 0 || second !== 0 || type !== UBYTE)
    throw new Error(`${name}: expected an IDX file of bytes, found another kind.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const header = 4 + 4 * rank
  if (bytes.length < header) throw new Error(`${name}: expected a whole IDX file, found ${bytes.length} bytes.`)
  const shape = Array.from({ length: rank }, (_, index) => view.getUint32(4 + 4 * index))
  const count = shape.reduce((product, length) => product * length, 1)
  if (bytes.length !== header + count) {
    throw new Error(`${name}: expected ${count} elements as its header says, found ${bytes.length - header}.`)
  }
  return { name, shape, data: bytes.subarray(header) }
}

async function unpacked(file: File): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    const stream = file.stream().pipeThrough(new DecompressionStream('gzip'))
    return new Uint8Array(await new Response(stream).arrayBuffer())
  } catch (cause) {
    throw new Error(`${file.name}: expected whole gzip data, found it damaged: get it again.`, { cause })
  }
}
