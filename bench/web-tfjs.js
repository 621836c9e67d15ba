// tfjs's side of `bench web train`, bundled into the page: LeNet-5 on its WASM backend, whole steps of SGD, from bytes to new weights.
import '@tensorflow/tfjs-backend-cpu'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js'
import '@tensorflow/tfjs-core/dist/register_all_gradients.js'

const [BATCH, SIDE, CLASSES] = [256, 28, 10]
const RATE = 0.9

/** Weight → shape: LeNet-5's layers, biases and all. */
const SHAPES = {
  conv1: [5, 5, 1, 6],
  bias1: [6],
  conv2: [5, 5, 6, 16],
  bias2: [16],
  dense1: [400, 120],
  bias3: [120],
  dense2: [120, 84],
  bias4: [84],
  dense3: [84, CLASSES],
  bias5: [CLASSES],
}

/**
 * The backend has no gradient for a convolution's filter, so that it cannot train this network as it is. Two are lent to it, to be chosen by
 * name:
 * - `cpu`: the one that tfjs has, of its CPU backend, which is what its users can do;
 * - `simd`: made of what the WASM backend has, a convolution again, channels taken for pictures and pictures for channels:
 *   dW[i, j, c, m] = Σ over n, y, x of X[n, y + i, x + j, c] · dY[n, y, x, m].
 */
const FILTER_GRADIENTS = {
  cpu({ inputs, attrs, backend }) {
    const cpu = tf.findBackend('cpu')
    const moved = Object.entries(inputs).map(([name, { dataId, shape, dtype }]) => [
      name,
      cpu.makeTensorInfo(shape, dtype, backend.readSync(dataId)),
    ])
    const { kernelFunc } = tf.getKernel('Conv2DBackpropFilter', 'cpu')
    const { dataId, shape, dtype } = kernelFunc({ inputs: Object.fromEntries(moved), attrs, backend: cpu })
    const filter = { dataId: backend.write(cpu.readSync(dataId), shape, dtype), shape, dtype }
    for (const id of [dataId, ...moved.map(([, tensor]) => tensor.dataId)]) cpu.disposeData(id)
    return filter
  },
  simd({ inputs: { x, dy }, attrs: { strides, pad, filterShape } }) {
    if ([strides].flat().some((stride) => stride !== 1)) throw new Error('expected a stride of 1')
    const [rows] = filterShape
    const border = pad === 'same' ? (rows - 1) / 2 : 0
    const pictures = tf.pad(x, [
      [0, 0],
      [border, border],
      [border, border],
      [0, 0],
    ])
    // NHWC -> CHWN, and NHWM -> HWNM
    const filter = tf.conv2d(tf.transpose(pictures, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3]), 1, 'valid')
    // CijM -> ijCM
    return tf.transpose(filter, [1, 2, 0, 3])
  },
}

let filterGradient = FILTER_GRADIENTS.cpu
tf.registerKernel({
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: (call) => filterGradient(call),
})

let weights
let data

globalThis.tfjsTraining = {
  async open() {
    setWasmPaths(new URL('./tfjs/', document.baseURI).href)
    setThreadsCount(1)
    await tf.setBackend('wasm')
    await tf.ready()
    await compareGradients()
    weights = Object.fromEntries(
      Object.entries(SHAPES).map(([name, shape]) => {
        const fanIn = shape.slice(0, -1).reduce((product, length) => product * length, 1)
        const bound = shape.length === 1 ? 0 : Math.sqrt(6 / (fanIn + shape.at(-1)))
        return [name, tf.variable(tf.randomUniform(shape, -bound, bound, 'float32', 1))]
      }),
    )
    const [images, labels] = await Promise.all(
      ['images', 'labels'].map(async (file) => new Uint8Array(await (await fetch(`./${file}`)).arrayBuffer())),
    )
    data = { images, labels }
    return `tfjs ${tf.version_core}, WASM, SIMD ${await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')}, 1 thread`
  },

  /** Takes `steps` steps with the filter gradient of that name; images, seconds, and the last loss. */
  async run(steps, gradient) {
    filterGradient = FILTER_GRADIENTS[gradient]
    const optimizer = tf.train.sgd(RATE)
    const start = performance.now()
    let loss = 0
    for (let step = 0; step < steps; step++) {
      const [image, label] = batch(step)
      const cost = optimizer.minimize(() => lossOf(image, label), true, Object.values(weights))
      loss = (await cost.data())[0]
      tf.dispose([image, label, cost])
    }
    optimizer.dispose()
    return { images: steps * BATCH, seconds: (performance.now() - start) / 1000, loss }
  },
}

/** Neither is fast because it computes something else. */
async function compareGradients() {
  const [x, dy] = [tf.randomUniform([3, 8, 8, 2]), tf.randomUniform([3, 8, 8, 4])]
  const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: [5, 5, 2, 4] }
  const [first, second] = Object.values(FILTER_GRADIENTS).map((gradient) => {
    filterGradient = gradient
    return tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attrs)
  })
  const [difference] = await tf.max(tf.abs(tf.sub(first, second))).data()
  if (!(difference < 1e-4)) throw new Error(`filter gradients: expected the same, found them ${difference} apart`)
  tf.dispose([x, dy, first, second])
}

function batch(step) {
  const pixels = SIDE * SIDE
  const from = (step * BATCH) % (data.labels.length - BATCH + 1)
  const values = Float32Array.from(data.images.subarray(from * pixels, (from + BATCH) * pixels), (value) => value / 255)
  const labels = Int32Array.from(data.labels.subarray(from, from + BATCH))
  return [tf.tensor4d(values, [BATCH, SIDE, SIDE, 1]), tf.tensor1d(labels, 'int32')]
}

function lossOf(image, label) {
  const { conv1, conv2, dense1, dense2, dense3, bias1, bias2, bias3, bias4, bias5 } = weights
  const convolved = (x, kernel, bias, pad) =>
    tf.avgPool(tf.sigmoid(tf.add(tf.conv2d(x, kernel, 1, pad), bias)), 2, 2, 'valid')
  const dense = (x, kernel, bias) => tf.add(tf.matMul(x, kernel), bias)
  const features = convolved(convolved(image, conv1, bias1, 'same'), conv2, bias2, 'valid')
  const hidden = tf.sigmoid(dense(tf.reshape(features, [BATCH, 400]), dense1, bias3))
  const logits = dense(tf.sigmoid(dense(hidden, dense2, bias4)), dense3, bias5)
  return tf.losses.softmaxCrossEntropy(tf.oneHot(label, CLASSES), logits)
}
