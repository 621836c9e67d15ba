// Trains model.onnx by model.train.onnx, both in the working folder, and writes trained.onnx. Node, with onnxruntime-node.
import { readFile, writeFile } from 'node:fs/promises'
import { decodeModel, encodeModel, floatTensor, floatValues } from 'mnist-export'
import ort from 'onnxruntime-node'
import { batch } from './points.mjs'

const model = decodeModel(await readFile('model.onnx'))
const session = await ort.InferenceSession.create('model.train.onnx')
const weights = model.graph.initializers.filter(({ name }) => session.outputNames.includes(`${name}.next`))
const state = Object.fromEntries(weights.map((w) => [w.name, new ort.Tensor('float32', floatValues(w), w.dims)]))
const learning_rate = new ort.Tensor('float32', [0.5], [])
for (let step = 0; step < 200; step++) {
  const { points, labels } = batch(step)
  const x = new ort.Tensor('float32', points, [64, 2])
  const label = new ort.Tensor('int64', labels, [64])
  const results = await session.run({ ...state, x, label, learning_rate })
  for (const name of Object.keys(state)) state[name] = results[`${name}.next`]
  if (step % 50 === 0 || step === 199) console.log(`step ${step}  loss ${results.loss.data[0].toFixed(4)}`)
}
const initializers = model.graph.initializers.map((w) =>
  w.name in state ? floatTensor(w.name, w.dims, state[w.name].data) : w,
)
await writeFile('trained.onnx', encodeModel({ ...model, graph: { ...model.graph, initializers } }))
