// What a program does: `exportLayersModel` with a model in memory, the file written at the end.
import { writeFile } from 'node:fs/promises'
import { exportLayersModel } from 'mnist-export'
import { readLayersModel } from 'mnist-export/files'

const [source, target] = process.argv.slice(2)
const { artifacts } = await readLayersModel(source)
const { bytes } = await exportLayersModel(artifacts)
await writeFile(target, bytes)
