/** .onnx files: read whole, written whole or not at all. */
import { rmSync } from 'node:fs'
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../errors.js'
import { decodeModel } from '../onnx/decode.js'
import { encodedPieces } from '../onnx/encode.js'
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

/**
 * Writes the file under a hidden name beside it and renames it when it is whole. The pieces go to the disk as they are: a buffer of
 * all of them would be one more copy of every weight. Returns the length in bytes.
 */
export async function writeModelFile(output: string, model: Model): Promise<number> {
  const { pieces, length } = encodedPieces(model)
  const target = await realpath(output).catch(() => resolve(output))
  const hidden = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`)
  const removeAndEnd = (signal: NodeJS.Signals): void => {
    rmSync(hidden, { force: true })
    process.kill(process.pid, signal)
  }
  for (const signal of SIGNALS) process.once(signal, removeAndEnd)
  try {
    const handle = await open(hidden, 'w')
    try {
      await handle.writev(pieces)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(hidden, target)
  } catch (error) {
    await rm(hidden, { force: true })
    // The user knows the file by its own name.
    throw Object.assign(error as NodeJS.ErrnoException, { path: output })
  } finally {
    for (const signal of SIGNALS) process.off(signal, removeAndEnd)
  }
  return length
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
