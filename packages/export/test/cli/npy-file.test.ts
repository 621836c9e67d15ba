import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { dump } from 'npyjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readNpyFile } from '../../src/cli/compress/npy-file.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'npy '))
})
afterAll(() => rm(folder, { recursive: true }))

/** As a file whose bytes are changed by `edit`. */
async function written(edit: (bytes: Buffer) => Uint8Array): Promise<string> {
  const path = join(folder, 'array.npy')
  await writeFile(path, edit(Buffer.from(dump(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]))))
  return path
}

const replaced = (from: string, to: string) => (bytes: Buffer) =>
  Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1')

describe('readNpyFile', () => {
  test.runIf(process.env.ORACLE_PYTHON).each(['f2', 'f4', 'f8', 'u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'i8', 'u8'])(
    'reads what NumPy writes of %s (needs ORACLE_PYTHON)',
    async (dtype) => {
      const path = join(folder, `${dtype}.npy`)
      const script = `import numpy; numpy.save(${JSON.stringify(path)}, numpy.arange(24).reshape(4, 1, 6).astype("${dtype}"))`
      await execa(process.env.ORACLE_PYTHON as string, ['-c', script])
      const { shape, data } = await readNpyFile(path)
      expect(shape).toEqual([4, 1, 6])
      expect([...data]).toEqual(Array.from({ length: 24 }, (_, index) => index))
    },
  )

  test.each<[string, (bytes: Buffer) => Uint8Array, RegExp]>([
    ['a truncated file', (bytes) => bytes.subarray(0, -4), /expected 6 values for \[2, 3\], found 5$/],
    [
      'a file cut within a value',
      (bytes) => bytes.subarray(0, -3),
      /expected an .npy file, found none that can be read/,
    ],
    [
      'a file cut within its header',
      (bytes) => bytes.subarray(0, 20),
      /expected an .npy file, found none that can be read/,
    ],
    ['an empty file', () => new Uint8Array(), /expected an .npy file, found none that can be read/],
    ['a shape that its values do not fill', replaced('(2,3)', '(9,9)'), /expected 81 values for \[9, 9\], found 6$/],
    ['a shape that no memory holds', replaced('(2,3)}  ', '(9e9,9)}'), /expected 81000000000 values/],
    ['Fortran’s order', replaced('False', 'True '), /expected C order/],
    ['big-endian numbers', replaced('<f4', '>f4'), /Unsupported dtype: >f4/],
    ['complex numbers', replaced('<f4', '<c8'), /expected real numbers, found dtype c8/],
  ])('refuses %s', async (_, edit, message) => {
    const path = await written(edit)
    await expect(readNpyFile(path)).rejects.toThrow(message)
    await expect(readNpyFile(path)).rejects.toMatchObject({ name: 'UserError', code: 'INPUT' })
  })

  test('refuses what is no file', async () => {
    await expect(readNpyFile(folder)).rejects.toThrow(/expected an .npy file, found a folder or a device/)
    await expect(readNpyFile(join(folder, 'nothing.npy'))).rejects.toThrow(/found nothing there/)
  })
})
