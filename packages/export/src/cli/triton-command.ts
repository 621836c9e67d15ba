/** `mnist-export triton <folder> <models..>`: writes a Triton model repository. */
import { mkdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { UserError } from '../errors.js'
import { decodeModel } from '../onnx/decode.js'
import { type RepositoryFile, tritonRepository } from '../triton/model-repository.js'

export interface TritonArguments {
  readonly folder: string
  readonly models: readonly string[]
  readonly json: boolean
}

/** Each file is written whole or not at all, the model before its configuration, so that a server that polls never sees half. */
export async function tritonCommand({ folder, models, json }: TritonArguments): Promise<void> {
  const there = await stat(folder).catch(() => undefined)
  if (there !== undefined && !there.isDirectory()) {
    throw new UserError('INPUT', `${folder}: expected a folder to write into, found a file`)
  }
  const read = await Promise.all(
    models.map(async (path) => {
      const bytes = await readFile(path)
      return { name: basename(path).replace(/\.onnx$/i, ''), bytes, model: decodeModel(bytes, path) }
    }),
  )
  const files = tritonRepository(read)
  for (const file of files.toReversed()) await write(folder, file)
  const paths = files.map(({ path }) => join(folder, path))
  process.stdout.write(json ? `${JSON.stringify({ folder, files: paths })}\n` : `${paths.join('\n')}\n`)
}

async function write(folder: string, { path, content }: RepositoryFile): Promise<void> {
  const target = join(folder, path)
  await mkdir(dirname(target), { recursive: true })
  await writeFileAtomic(target, typeof content === 'string' ? content : Buffer.from(content))
}
