/** NumPy's .npy files: one dense array each. NEP 1, https://numpy.org/neps/nep-0001-npy-format.html */
import { readFile, stat } from 'node:fs/promises'
import type { ExampleArray } from '../../compress/index.js'
import { UserError } from '../../errors.js'
import { elementCount } from '../../onnx/tensor.js'

/** More than this is not read as examples: compression holds them in memory, and needs no more than some thousand. */
const MOST_BYTES = 2 ** 30

export type NpyArray = Pick<ExampleArray, 'shape' | 'data'>

/** Real numbers in C order; 64-bit integers become doubles. @throws UserError INPUT that names the file */
export async function readNpyFile(path: string): Promise<NpyArray> {
  const entry = await stat(path).catch((cause) => {
    throw new UserError('INPUT', `${path}: expected an .npy file, found nothing there`, { cause })
  })
  if (!entry.isFile()) throw new UserError('INPUT', `${path}: expected an .npy file, found a folder or a device`)
  if (entry.size > MOST_BYTES) {
    throw new UserError(
      'INPUT',
      `${path}: expected at most ${MOST_BYTES} bytes, found ${entry.size}: take fewer examples`,
    )
  }
  const [{ parse }, bytes] = await Promise.all([import('npyjs'), readFile(path)])
  let parsed: ReturnType<typeof parse>
  try {
    // A copy: the parser wants the file at the buffer's start.
    parsed = parse(Uint8Array.from(bytes).buffer)
  } catch (cause) {
    throw new UserError('INPUT', `${path}: expected an .npy file, found none that can be read (${reason(cause)})`, {
      cause,
    })
  }
  const { shape, dtype, fortranOrder } = parsed
  if (fortranOrder) {
    throw new UserError('INPUT', `${path}: expected C order, found Fortran's: save numpy.ascontiguousarray(array)`)
  }
  const data = realNumbers(parsed.data)
  if (data === undefined || dtype.startsWith('c')) {
    throw new UserError('INPUT', `${path}: expected real numbers, found dtype ${dtype}`)
  }
  const length = elementCount(shape)
  if (shape.length === 0 || data.length !== length) {
    throw new UserError('INPUT', `${path}: expected ${length} values for [${shape.join(', ')}], found ${data.length}`)
  }
  return { shape, data }
}

function realNumbers(data: ArrayBufferView): ExampleArray['data'] | undefined {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number)
  // Booleans and texts come as lists.
  return ArrayBuffer.isView(data) ? (data as ExampleArray['data']) : undefined
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
