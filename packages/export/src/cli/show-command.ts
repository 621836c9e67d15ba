/** `mnist-export show <model>`. */
import { modelSummary, modelText } from '../inspect/index.js'
import { readModelFile } from './model-file.js'

export async function showCommand({ model: path, json }: { model: string; json: boolean }): Promise<void> {
  const model = await readModelFile(path)
  process.stdout.write(json ? `${JSON.stringify(modelSummary(model))}\n` : `${modelText(model)}\n`)
}
