// The models that the library and the page come with: copies of models/*.onnx, and a list of them made from their own metadata.
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UserError } from 'mnist-export'
import { DEFAULT_MODEL, readDigitModel } from 'mnist-infer'

/** The file of an element that names no model: the default of the commands, too. */
export const DEFAULT_FILE = `${DEFAULT_MODEL}.onnx`

/** Copies the default model alone: what a page that embeds the element needs. */
export async function writeDefaultModel({ from, to }) {
  await mkdir(to, { recursive: true })
  // Without it the element needs a model of the page's own.
  await cp(join(from, DEFAULT_FILE), join(to, DEFAULT_FILE)).catch((error) => {
    if (error.code !== 'ENOENT') throw error
    console.warn(`${join(from, DEFAULT_FILE)}: there is none; the element will have no model of its own`)
  })
}

/**
 * Copies the models that read digits into `to` and writes `models.json` beside them: the default first, the others from small to
 * large. Without any the folder has an empty list.
 */
export async function writeModels({ from, to }) {
  await mkdir(to, { recursive: true })
  const files = (await readdir(from).catch(() => [])).filter((name) => name.endsWith('.onnx'))
  const models = []
  for (const file of files) {
    const bytes = await readFile(join(from, file))
    const model = digitModel(bytes, file)
    if (model === undefined) continue
    const { metadata, parameters } = model
    await cp(join(from, file), join(to, file))
    models.push({
      name: basename(file, '.onnx'),
      file,
      bytes: bytes.length,
      parameters,
      accuracy: 'mnist.test_accuracy' in metadata ? Number(metadata['mnist.test_accuracy']) : null,
      precision: metadata['mnist.precision'] ?? 'fp32',
      dataset: metadata['mnist.dataset'] ?? 'unknown',
      epochs: Number(metadata['mnist.epochs'] ?? 0),
    })
  }
  const place = ({ file, parameters }) => (file === DEFAULT_FILE ? -1 : parameters)
  models.sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name))
  await writeFile(join(to, 'models.json'), `${JSON.stringify(models, null, 2)}\n`)
}

/** What reads digits; undefined for what does not: a training step, say, is for other uses. */
function digitModel(bytes, file) {
  try {
    return readDigitModel(bytes, file)
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}
