/** .onnx files: read whole, written whole or not at all. */
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { UserError } from '../errors.js'
import { decodeModel } from '../onnx/decode.js'
import type { Model } from '../onnx/model.js'

/** @throws UserError INPUT where there is no such file, or it is no model. */
export async function readModelFile(path: string): Promise<Model> {
  const entry = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new UserError('INPUT', `${path}: expected an .onnx file, found nothing there`, { cause })
  })
  if (!entry.isFile()) throw new UserError('INPUT', `${path}: expected an .onnx file, found a folder or a device`)
  return decodeModel(await readFile(path), path)
}

/** Throws unless `output` can be written: its folder is there, it is no folder itself, and none of `sources`. */
export async function checkOutput(output: string, sources: readonly string[]): Promise<void> {
  const folder = dirname(resolve(output))
  const isFolder = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new UserError('INPUT', `${output}: expected a folder ${folder} to write into, found none`)
  const existing = await stat(output).catch(() => undefined)
  if (existing === undefined) return
  if (!existing.isFile())
    throw new UserError('INPUT', `${output}: expected a file to write, found a folder or a device`)
  const real = await realpath(output)
  for (const source of sources) {
    if ((await realpath(source)) === real) {
      throw new UserError('USAGE', `${output}: expected another file than the source, found the source itself`)
    }
  }
}

export async function writeModelFile(output: string, bytes: Uint8Array): Promise<void> {
  await writeFileAtomic(output, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}
