import { describe, expect, test } from 'vitest'
import {
  type CompressOptions,
  calibrationValues,
  compressModel,
  RangeObserver,
  type Ranges,
  withOutputs,
} from '../../src/compress/index.js'
import { GraphBuilder, ops } from '../../src/graph/index.js'
import { modelSummary } from '../../src/inspect/index.js'
import { weightCount } from '../../src/inspect/weight-count.js'
import { encodeModel } from '../../src/onnx/encode.js'
import { DataType, type Model } from '../../src/onnx/model.js'
import { floatTensor } from '../../src/onnx/tensor.js'
import { accepted } from '../support/cases.js'
import { digitNetwork, onnxOf, outputsOf, relativeNorm, sequenceNetwork } from './support.js'

const digits = await onnxOf(digitNetwork())
const sequence = await onnxOf(sequenceNetwork())

async function rangesOf(model: Model): Promise<Ranges> {
  const observer = new RangeObserver()
  const outputs = await outputsOf(withOutputs(model, calibrationValues(model)), 2)
  for (const [name, samples] of Object.entries(outputs)) observer.observe(name, samples)
  return observer.ranges()
}

const opsOf = ({ graph }: Model): string[] => graph.nodes.map(({ opType }) => opType)
const count = (model: Model, opType: string): number => opsOf(model).filter((op) => op === opType).length

describe('compressModel', () => {
  // Rounding errors of n bits are 2^-n of the largest, a layer's sum of them less; fp16 has 11 bits.
  test.each<[string, { model: Model; options: CompressOptions; error: number; size: number }]>([
    ['digits in fp16', { model: digits, options: { precision: 'fp16' }, error: 2e-3, size: 0.52 }],
    [
      'digits in fp16, fp16Compute',
      { model: digits, options: { precision: 'fp16', fp16Compute: true }, error: 4e-3, size: 0.52 },
    ],
    ['digits in int8-weights', { model: digits, options: { precision: 'int8-weights' }, error: 0.02, size: 0.3 }],
    ['digits in int4', { model: digits, options: { precision: 'int4' }, error: 0.15, size: 0.22 }],
    [
      'digits in int4, blockSize: 128',
      { model: digits, options: { precision: 'int4', blockSize: 128 }, error: 0.18, size: 0.2 },
    ],
    ['sequence in fp16', { model: sequence, options: { precision: 'fp16' }, error: 2e-3, size: 0.52 }],
    ['sequence in int8-weights', { model: sequence, options: { precision: 'int8-weights' }, error: 0.02, size: 0.3 }],
    [
      'sequence in int4, blockSize: 32',
      { model: sequence, options: { precision: 'int4', blockSize: 32 }, error: 0.15, size: 0.3 },
    ],
  ])('gives nearly the same answers in fewer bytes: %s', async (_, { model, options, error, size }) => {
    const compressed = compressModel(model, options)
    expect(encodeModel(compressed).length / encodeModel(model).length).toBeLessThan(size)
    const [expected, found] = [await outputsOf(model), await outputsOf(compressed)]
    for (const [name, values] of Object.entries(expected)) {
      expect(relativeNorm(found[name] as Float32Array, values), name).toBeLessThan(error)
    }
    // Every value's type and shape is known.
    expect(modelSummary(compressed).rows.every((row) => row.outputs.every(({ shape }) => shape !== null))).toBe(true)
    expect(weightCount(compressed.graph)).toBe(weightCount(model.graph))
    expect(compressed.graph.inputs).toEqual(model.graph.inputs)
    expect(compressed.graph.outputs).toEqual(model.graph.outputs)
    expect(compressed.metadata['mnist.precision']).toBe(options.precision)
  })

  test('int8 gives nearly the same answers with activations of 8 bits by calibrated ranges', async () => {
    const compressed = compressModel(digits, { precision: 'int8', ranges: await rangesOf(digits) })
    const [expected, found] = [await outputsOf(digits), await outputsOf(compressed)]
    expect(relativeNorm(found.fc2 as Float32Array, expected.fc2 as Float32Array)).toBeLessThan(0.05)
    // conv1, conv2, conv3, fc1, fc2: the transposed convolution has no integer kernel.
    const stored = compressed.graph.initializers.filter(({ dataType }) => dataType === DataType.INT8)
    const storedNames = stored.filter(({ dims }) => dims.length > 1).map(({ name }) => name)
    expect(storedNames.sort()).toEqual(['conv1', 'conv2', 'conv3', 'fc1', 'fc2'].map((layer) => `${layer}.weight.int8`))
    expect(count(compressed, 'QuantizeLinear')).toBe(new Set(calibrationValues(digits)).size + count(digits, 'MaxPool'))
  })

  test('calibrationValues names each activation once, before a pool and not after it, after a ReLU and not before it', () => {
    expect(calibrationValues(digits)).toEqual([
      'image',
      'conv1/Relu.out',
      'relu/Relu.out',
      'conv3/Conv.out',
      'relu3/Relu.out',
      'flat/Flatten.out',
      'fc1/Relu.out',
    ])
  })

  test('int4 packs dense layers, and leaves convolutions and small layers to 8 bits', () => {
    const compressed = compressModel(digits, { precision: 'int4' })
    expect(compressed.opsets).toEqual({ '': 17, 'com.microsoft': 1 })
    expect(count(compressed, 'MatMulNBits')).toBe(1)
    // conv2, conv3, up, fc2; conv1 is smaller than its scales are worth.
    expect(count(compressed, 'DequantizeLinear')).toBe(4)
  })

  test('stores a weight once that several layers share', () => {
    const [first] = digits.graph.nodes.filter(({ opType }) => opType === 'Gemm')
    const again = { ...first, name: 'again', outputs: ['again'] } as (typeof digits.graph.nodes)[number]
    const shared: Model = { ...digits, graph: { ...digits.graph, nodes: [...digits.graph.nodes, again] } }
    for (const precision of ['fp16', 'int8-weights', 'int4'] as const) {
      const more = encodeModel(compressModel(shared, { precision })).length
      expect(more - encodeModel(compressModel(digits, { precision })).length).toBeLessThan(600)
    }
  })

  test('leaves a weight beyond the range of a half as it is', async () => {
    const initializers = digits.graph.initializers.map((tensor) =>
      tensor.name === 'fc1.weight'
        ? { ...tensor, data: new Uint8Array(new Float32Array(tensor.data.length / 4).fill(1e5).buffer) }
        : tensor,
    )
    const compressed = compressModel({ ...digits, graph: { ...digits.graph, initializers } }, { precision: 'fp16' })
    expect(compressed.graph.initializers.find(({ name }) => name === 'fc1.weight')?.dataType).toBe(DataType.FLOAT)
  })

  test.each(['int8-weights', 'int4'] as const)('%s leaves a weight that is not finite as it is', (precision) => {
    const values = new Float32Array(1e5).fill(Number.POSITIVE_INFINITY)
    const initializers = digits.graph.initializers.map((tensor) =>
      tensor.name === 'fc1.weight' ? { ...tensor, data: new Uint8Array(values.buffer, 0, tensor.data.length) } : tensor,
    )
    const compressed = compressModel({ ...digits, graph: { ...digits.graph, initializers } }, { precision })
    expect(compressed.graph.initializers.find(({ name }) => name === 'fc1.weight')?.dataType).toBe(DataType.FLOAT)
  })

  test('packs a weight that is taken as it is and transposed in both ways', async () => {
    const g = new GraphBuilder('tied')
    const x = g.input({ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 128] })
    const values = Float32Array.from({ length: 128 * 128 }, (_, index) => Math.sin(index ** 1.5) / 12)
    const w = g.initializer(floatTensor('tied.weight', [128, 128], values))
    const hidden = ops.relu(g, g.op('Gemm', [x, w]))
    g.output(g.op('Gemm', [hidden, w], { attributes: { transB: { type: 'INT', value: 1 } }, outputs: ['y'] }))
    const tied: Model = { ...digits, graph: g.graph() }
    const compressed = await outputsOf(compressModel(tied, { precision: 'int4' }))
    const { y } = await outputsOf(tied)
    expect(relativeNorm(compressed.y as Float32Array, y as Float32Array)).toBeLessThan(0.15)
  })

  test.each<[string, Model, CompressOptions, string]>([
    [
      'int8 without ranges',
      digits,
      { precision: 'int8' },
      "ranges: expected those of calibrationValues(model) for int8, found none; 'int8-weights' needs none",
    ],
    [
      'int8 with a range missing',
      digits,
      { precision: 'int8', ranges: new Map([['image', { min: 0, max: 1 }]]) },
      'ranges: expected a finite one for conv1/Relu.out, found none; calibrationValues lists all',
    ],
    [
      'fp16Compute with another precision',
      digits,
      { precision: 'int4', fp16Compute: true },
      'fp16Compute: expected precision fp16 with it, found int4',
    ],
    [
      'a block size that no kernel has',
      digits,
      { precision: 'int4', blockSize: 48 },
      'blockSize: expected one of 16, 32, 64, 128, 256, found 48',
    ],
    [
      'what is compressed already',
      compressModel(digits, { precision: 'int8-weights' }),
      { precision: 'int8-weights' },
      'int8-weights: expected float weights large enough to compress, found none',
    ],
    [
      'half arithmetic on quantised weights',
      compressModel(digits, { precision: 'int8-weights' }),
      { precision: 'fp16', fp16Compute: true },
      'fp16Compute: expected operators that compute in half precision, found DequantizeLinear conv2.weight/DequantizeLinear; ' +
        'store only the weights so, with fp16 alone',
    ],
    [
      'an opset without scales by axis',
      { ...digits, opsets: { '': 12 } },
      { precision: 'int8-weights' },
      'int8-weights: expected a model of opset 13 or later, found 12',
    ],
  ])('refuses %s', (_, model, options, message) => {
    expect(() => compressModel(model, options)).toThrow(message)
  })
})

accepted()
