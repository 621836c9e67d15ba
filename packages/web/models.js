// The models that the library and the page come with: copies of models/*.onnx, and a list of them made from their own metadata.
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { decodeModel } from 'mnist-export'

/** From small to large, as one would try them. */
const ORDER = ['lenet5', 'lenet5-01', 'lenet5-02', 'lenet5-03', 'lenet5-04', 'resnet18', 'alexnet']

/** The model of an element that names none. */
const DEFAULT = 'lenet5.onnx'

/** Copies the default model alone: what a page that embeds the element needs. */
export async function writeDefaultModel({ from, to }) {
  await mkdir(to, { recursive: true })
  // Without it the element needs a model of the page's own.
  await cp(join(from, DEFAULT), join(to, DEFAULT)).catch((error) => {
    if (error.code !== 'ENOENT') throw error
    console.warn(`${join(from, DEFAULT)}: there is none; the element will have no model of its own`)
  })
}

/** Copies the models into `to` and writes `models.json` beside them; without any the folder has an empty list. */
export async function writeModels({ from, to }) {
  await mkdir(to, { recursive: true })
  const files = (await readdir(from).catch(() => [])).filter((name) => name.endsWith('.onnx'))
  const models = []
  for (const file of files) {
    const bytes = await readFile(join(from, file))
    const { metadata, graph } = decodeModel(bytes, file)
    // A compressed or a training form of a network is for other uses than this.
    if (!ORDER.includes(basename(file, '.onnx'))) continue
    await cp(join(from, file), join(to, file))
    models.push({
      name: basename(file, '.onnx'),
      file,
      bytes: bytes.length,
      parameters: graph.initializers.reduce((sum, { dims }) => sum + dims.reduce((count, dim) => count * dim, 1), 0),
      accuracy: 'mnist.test_accuracy' in metadata ? Number(metadata['mnist.test_accuracy']) : null,
      dataset: metadata['mnist.dataset'] ?? 'unknown',
      epochs: Number(metadata['mnist.epochs'] ?? 0),
    })
  }
  models.sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name))
  await writeFile(join(to, 'models.json'), `${JSON.stringify(models, null, 2)}\n`)
}
