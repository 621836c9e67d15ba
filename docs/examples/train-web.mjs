// Trains a model in a page, with onnxruntime-web. Takes the bytes of both files, as fetch brings them; gives the trained file's bytes.
import { decodeModel, encodeModel, floatTensor, floatValues } from 'mnist-export'
import * as ort from 'onnxruntime-web/wasm'
import { batch } from './points.mjs'

export async function train(modelBytes, stepBytes, { onLoss }) {
  const model = decodeModel(modelBytes)
  const session = await ort.InferenceSession.create(stepBytes)
  const weights = model.graph.initializers.filter(({ name }) => session.outputNames.includes(`${name}.next`))
  const state = Object.fromEntries(weights.map((w) => [w.name, new ort.Tensor('float32', floatValues(w), w.dims)]))
  const learning_rate = new ort.Tensor('float32', [0.5], [])
  for (let step = 0; step < 200; step++) {
    const { points, labels } = batch(step)
    const x = new ort.Tensor('float32', points, [64, 2])
    const label = new ort.Tensor('int64', labels, [64])
    const results = await session.run({ ...state, x, label, learning_rate })
    for (const name of Object.keys(state)) state[name] = results[`${name}.next`]
    onLoss(step, results.loss.data[0])
  }
  const initializers = model.graph.initializers.map((w) =>
    w.name in state ? floatTensor(w.name, w.dims, state[w.name].data) : w,
  )
  return encodeModel({ ...model, graph: { ...model.graph, initializers } })
}
