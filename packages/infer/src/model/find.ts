/** Where a model is: a path, or a name such as `lenet5` that is looked up where models lie. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from 'mnist-export/errors'

/** The model of a command or library call that names none: the one that is meant for pictures as people have them. */
export const DEFAULT_MODEL = 'lenet5-03-robust'

const EXTENSION = '.onnx'

/**
 * Folders in which a bare name is looked up, in this order: the current one, its `models`, then the models that come with the
 * package, whatever the current folder is (`models` of the package itself, or of the repository that it lies in).
 */
export function modelFolders(): string[] {
  const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  return [...new Set([resolve('.'), resolve('models'), beside('../../models'), beside('../../../../models')])]
}

/**
 * The file of a model.
 *
 * @param model A path, or a name with or without `.onnx`.
 * @throws UserError INPUT where there is none; it lists the names that there are.
 */
export async function findModel(model: string): Promise<string> {
  const kind = await kindOf(model)
  if (kind === 'file') return model
  const isName = basename(model) === model && model !== '' && model !== '.' && model !== '..'
  if (isName) {
    for (const folder of modelFolders()) {
      for (const name of [model, `${model}${EXTENSION}`]) {
        const path = join(folder, name)
        if ((await kindOf(path)) === 'file') return path
      }
    }
  }
  if (kind === 'folder') throw new UserError('INPUT', `${model}: expected an ONNX file, found a folder`)
  if (!isName || model.endsWith(EXTENSION)) {
    throw new UserError('INPUT', `${model}: no such file${await knownNames()}`)
  }
  throw new UserError(
    'INPUT',
    `model ${model}: expected a name or the path of an ONNX file, found neither${await knownNames()}`,
  )
}

async function knownNames(): Promise<string> {
  const lists = await Promise.all(modelFolders().map((folder) => readdir(folder).catch(() => [])))
  const names = [...new Set(lists.flat())].filter((name) => name.endsWith(EXTENSION)).sort()
  if (names.length === 0) return '; no models are here: train one with mnist-train, or give a path'
  return `; models here: ${names.map((name) => name.slice(0, -EXTENSION.length)).join(', ')}`
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch {
    return undefined
  }
}
