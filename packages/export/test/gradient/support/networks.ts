/** Small networks of every kind that is trained here, as ONNX graphs with random weights. */
import { IR_VERSION, OPSET } from '../../../src/constants.js'
import { GraphBuilder, type Value } from '../../../src/graph/builder.js'
import * as op from '../../../src/graph/ops/index.js'
import { DataType, type Model } from '../../../src/onnx/model.js'
import { floatTensor } from '../../../src/onnx/tensor.js'
import { Random } from './random.js'

/** Builds layers with weights of its own. */
export class NetworkBuilder {
  readonly g: GraphBuilder
  readonly #random: Random

  constructor(name: string, seed: number) {
    this.g = new GraphBuilder(name)
    this.#random = new Random(seed)
  }

  image(size: number, channels = 1): Value {
    return this.g.input({ name: 'image', dataType: DataType.FLOAT, shape: ['batch', channels, size, size] })
  }

  conv(name: string, x: Value, filters: number, options: op.ConvOptions & { readonly kernel: number }): Value {
    const { kernel, ...rest } = options
    const shape = [filters, (x.shape[1] as number) / (rest.group ?? 1), kernel, kernel]
    const w = this.#weight(`${name}.weight`, shape, Math.sqrt(2 / ((shape[1] as number) * kernel ** 2)))
    return this.g.scoped(name, () => op.conv(this.g, [x, w, this.#weight(`${name}.bias`, [filters], 0.1)], rest))
  }

  dense(name: string, x: Value, units: number, outputs?: readonly string[]): Value {
    const width = x.shape[1] as number
    const inputs = [x, this.#weight(`${name}.weight`, [units, width], Math.sqrt(2 / width))]
    const bias = this.#weight(`${name}.bias`, [units], 0.1)
    return this.g.op('Gemm', [...inputs, bias], {
      name,
      attributes: { transB: { type: 'INT', value: 1 } },
      ...(outputs === undefined ? {} : { outputs }),
    })
  }

  batchNorm(name: string, x: Value, momentum = 0.9): Value {
    const channels = x.shape[1] as number
    const vector = (suffix: string, level: number, spread: number): Value =>
      this.#weight(`${name}.${suffix}`, [channels], spread, level)
    return this.g.scoped(name, () =>
      op.batchNormalization(
        this.g,
        {
          x,
          scale: vector('weight', 1, 0.2),
          bias: vector('bias', 0, 0.3),
          mean: vector('running_mean', 0, 0.3),
          variance: vector('running_var', 2, 0.2),
        },
        { momentum },
      ),
    )
  }

  dropout(name: string, x: Value, ratio = 0.5): Value {
    return this.g.scoped(name, () => op.dropout(this.g, x, this.g.scalar(ratio, 'ratio')))
  }

  /** The classifier's last layer, whose output is `logits`. */
  logits(x: Value, classes = 10): Model {
    this.g.output(this.dense('classifier', x, classes, ['logits']))
    return {
      irVersion: IR_VERSION,
      opsets: { '': OPSET },
      producerName: 'test',
      producerVersion: '',
      domain: '',
      modelVersion: 1,
      docString: '',
      graph: this.g.graph(),
      metadata: {},
    }
  }

  #weight(name: string, shape: readonly number[], spread: number, level = 0): Value {
    const count = shape.reduce((product, length) => product * length, 1)
    // Uniform with this standard deviation: millions of them are drawn.
    const values = new Float32Array(count)
    const width = spread * Math.sqrt(12)
    for (let index = 0; index < count; index++) values[index] = level + width * (this.#random.uniform() - 0.5)
    return this.g.initializer(floatTensor(name, shape, values))
  }
}

export function lenet5(seed: number): Model {
  const n = new NetworkBuilder('lenet5', seed)
  const pool = { kernelShape: [2, 2], strides: [2, 2] }
  const first = op.sigmoid(n.g, n.conv('conv1', n.image(28), 6, { kernel: 5, pads: [2, 2, 2, 2] }))
  const second = op.sigmoid(n.g, n.conv('conv2', op.averagePool(n.g, first, pool), 16, { kernel: 5 }))
  const flat = op.flatten(n.g, op.averagePool(n.g, second, pool))
  const third = op.sigmoid(n.g, n.dense('dense1', flat, 120))
  return n.logits(op.sigmoid(n.g, n.dense('dense2', third, 84)))
}

export interface AlexNetOptions {
  /** Of the resized picture. */
  readonly size: number
  readonly channels: readonly [number, number, number, number, number]
  /** Of both hidden dense layers. */
  readonly units: number
}

/** AlexNet's form: strided convolution, overlapping pools, dropout behind both dense layers. */
export function alexNet(seed: number, { size, channels, units }: AlexNetOptions): Model {
  const n = new NetworkBuilder('alexnet', seed)
  const { g } = n
  const [first, second, third, fourth, fifth] = channels
  const pool = { kernelShape: [3, 3], strides: [2, 2] }
  const same = { kernel: 3, pads: [1, 1, 1, 1] }
  let x = resized(n, size)
  x = op.relu(g, n.conv('conv1', x, first, { kernel: 11, strides: [4, 4], pads: [1, 1, 1, 1] }))
  x = op.maxPool(g, x, pool)
  x = op.relu(g, n.conv('conv2', x, second, { kernel: 5, pads: [2, 2, 2, 2] }))
  x = op.maxPool(g, x, pool)
  x = op.relu(g, n.conv('conv3', x, third, same))
  x = op.relu(g, n.conv('conv4', x, fourth, same))
  x = op.relu(g, n.conv('conv5', x, fifth, same))
  x = op.flatten(g, op.maxPool(g, x, pool))
  x = n.dropout('dropout1', op.relu(g, n.dense('dense1', x, units)))
  x = n.dropout('dropout2', op.relu(g, n.dense('dense2', x, units)))
  return n.logits(x)
}

/** 18×18, 8×8 and 3×3 maps. */
export const NARROW_ALEXNET: AlexNetOptions = { size: 80, channels: [6, 12, 12, 12, 8], units: 32 }

export const FULL_ALEXNET: AlexNetOptions = { size: 224, channels: [96, 256, 384, 384, 256], units: 4096 }

export interface ResNetOptions {
  /** Of the resized picture. */
  readonly size: number
  /** Channels of each stage; the first block of each but the first halves the size. */
  readonly stages: readonly number[]
  readonly blocks: number
}

/** ResNet-18's form: batch normalization, padded max pool, residuals with 1×1 strided shortcuts, global average pool. */
export function resNet(seed: number, { size, stages, blocks }: ResNetOptions): Model {
  const n = new NetworkBuilder('resnet', seed)
  const { g } = n
  const stem = n.conv('stem.conv1', resized(n, size), stages[0] ?? 1, {
    kernel: 7,
    strides: [2, 2],
    pads: [3, 3, 3, 3],
  })
  const normal = op.relu(g, n.batchNorm('stem.bn1', stem))
  let x = op.maxPool(g, normal, { kernelShape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })
  for (const [stage, filters] of stages.entries()) {
    for (let block = 0; block < blocks; block++) {
      x = residual(n, `stage${stage}.block${block}`, x, { filters, stride: stage > 0 && block === 0 ? 2 : 1 })
    }
  }
  return n.logits(op.flatten(g, op.globalAveragePool(g, x)))
}

export const NARROW_RESNET: ResNetOptions = { size: 48, stages: [6, 10, 12], blocks: 1 }

export const FULL_RESNET: ResNetOptions = { size: 96, stages: [64, 128, 256, 512], blocks: 2 }

function resized(n: NetworkBuilder, size: number): Value {
  const mode = { mode: 'linear', coordinateTransformationMode: 'half_pixel' } as const
  return op.resize(n.g, n.image(28), { sizes: [size, size] }, mode)
}

function residual(
  n: NetworkBuilder,
  name: string,
  x: Value,
  { filters, stride }: { filters: number; stride: number },
): Value {
  const { g } = n
  const strides = [stride, stride]
  const same = { kernel: 3, pads: [1, 1, 1, 1] }
  const first = op.relu(g, n.batchNorm(`${name}.bn1`, n.conv(`${name}.conv1`, x, filters, { ...same, strides })))
  const second = n.batchNorm(`${name}.bn2`, n.conv(`${name}.conv2`, first, filters, same))
  const kept = filters === x.shape[1] && stride === 1
  const shortcut = kept ? x : n.conv(`${name}.shortcut`, x, filters, { kernel: 1, strides })
  return op.relu(g, op.add(g, second, shortcut))
}

/** A batch of pictures and labels. */
export interface Batch {
  readonly count: number
  readonly pixels: Float32Array
  readonly labels: readonly number[]
}

export function randomBatch(seed: number, count: number, size = 28): Batch {
  const random = new Random(seed)
  const pixels = Float32Array.from({ length: count * size * size }, () => random.uniform())
  return { count, pixels, labels: random.integers(count, 10) }
}
