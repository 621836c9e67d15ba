/** `mnist-export show <model>`. */
import { modelSummary, modelText } from '../inspect/index.js'
import { readGraph } from './source.js'

export async function showCommand({ model: path, json }: { model: string; json: boolean }): Promise<void> {
  const model = await readGraph(path)
  process.stdout.write(json ? `${JSON.stringify(modelSummary(model))}\n` : `${modelText(model)}\n`)
}
