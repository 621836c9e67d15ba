/** .onnx files: read whole, written whole or not at all. */
import { rmSync } from 'node:fs'
import { type FileHandle, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../errors.js'
import { decodeModel } from '../onnx/decode.js'
import { encodedPieces } from '../onnx/encode.js'
import type { Piece } from '../onnx/message-writer.js'
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
      await writePieces(handle, pieces)
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

/** Those that lie in memory together; those that are made when they are written one after the other, in the same memory. */
async function writePieces(handle: FileHandle, pieces: readonly Piece[]): Promise<void> {
  const made = pieces.map((piece) => (piece instanceof Uint8Array ? 0 : piece.byteLength))
  const scratch = new Uint8Array(made.reduce((most, length) => Math.max(most, length), 0))
  let waiting: Uint8Array[] = []
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      waiting.push(piece)
      continue
    }
    const target = scratch.subarray(0, piece.byteLength)
    piece.fill(target)
    await writeAll(handle, [...waiting, target])
    waiting = []
  }
  await writeAll(handle, waiting)
}

/** A disk that fills up takes a part without an error: the rest is written again, and meets it. */
async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[]): Promise<void> {
  let rest = buffers.filter(({ byteLength }) => byteLength > 0)
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest)
    const next = rest.findIndex(({ byteLength }) => {
      if (bytesWritten < byteLength) return true
      bytesWritten -= byteLength
      return false
    })
    rest =
      next === -1 ? [] : rest.slice(next).map((buffer, index) => (index === 0 ? buffer.subarray(bytesWritten) : buffer))
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
