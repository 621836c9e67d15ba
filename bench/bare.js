// The least that reads a digit: sharp decodes and shrinks, onnxruntime-node runs the model. What `bench infer` compares with.
import { createRequire } from 'node:module'

const require = createRequire(new URL('../packages/infer/package.json', import.meta.url))
const sharp = require('sharp')
const ort = require('onnxruntime-node')

const [picture, model] = process.argv.slice(2)
const pixels = await sharp(picture).greyscale().resize(28, 28).negate().raw().toBuffer()
const session = await ort.InferenceSession.create(model)
const image = new ort.Tensor(
  'float32',
  Float32Array.from(pixels, (value) => value / 255),
  [1, 1, 28, 28],
)
const { logits } = await session.run({ image }, ['logits'])
console.log(logits.data.indexOf(Math.max(...logits.data)))
