/**
 * What a models folder holds: `NAME.onnx`, which is version 1 of NAME, and `NAME/VERSION/model.onnx`, as Triton's model
 * repositories have it. Anything else is passed over.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export'

export interface ModelFile {
  readonly name: string
  /** A whole number from 1, as text. */
  readonly version: string
  readonly path: string
  /** Changes when the file does: its size, times and number. */
  readonly stamp: string
}

const MODEL_FILE = /^([A-Za-z0-9][\w.-]{0,127})\.onnx$/
const MODEL_FOLDER = /^[A-Za-z0-9][\w.-]{0,127}$/
const VERSION = /^[1-9]\d{0,9}$/

/** @throws UserError INPUT where there is no such folder. */
export async function scanFolder(folder: string): Promise<ModelFile[]> {
  const entries = await readdir(folder).catch((cause: Error) => {
    throw new UserError('INPUT', `${folder}: expected a folder of models, found none`, { cause })
  })
  const found = await Promise.all(
    entries.sort().map(async (entry) => {
      const file = MODEL_FILE.exec(entry)?.[1]
      if (file !== undefined) return [await modelFile(join(folder, entry), file, '1')]
      return MODEL_FOLDER.test(entry) ? versionsOf(join(folder, entry), entry) : []
    }),
  )
  const files = found.flat().filter((file) => file !== undefined)
  // A file before a folder of the same name and version: `NAME.onnx` is what our own commands write.
  return files.filter(
    ({ name, version }, index) =>
      files.findIndex((other) => other.name === name && other.version === version) === index,
  )
}

async function versionsOf(folder: string, name: string): Promise<(ModelFile | undefined)[]> {
  const versions = await readdir(folder).catch(() => [])
  return Promise.all(
    versions
      .filter((version) => VERSION.test(version))
      .map((version) => modelFile(join(folder, version, 'model.onnx'), name, version)),
  )
}

async function modelFile(path: string, name: string, version: string): Promise<ModelFile | undefined> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined)
  // No pipe or device, which would never end.
  if (facts?.isFile() !== true) return undefined
  return { name, version, path, stamp: `${facts.dev} ${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}` }
}
