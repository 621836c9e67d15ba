import { describe, expect, test } from 'vitest'
import { runOnnx } from '../../src/cli/check/compare.js'
import { loadRuntimes } from '../../src/cli/check/runtimes.js'
import type { Json, JsonObject } from '../../src/convert/topology.js'
import { exportLayersModel, type LayersModelArtifacts, type WeightSpec } from '../../src/index.js'
import { tf } from '../support/tfjs.js'

type Weights = Readonly<Record<string, readonly [shape: number[], values: number[]]>>

/** A layer as Keras's JSON has it, its weights by name. */
interface KerasLayer {
  readonly className: string
  readonly config: JsonObject
  readonly weights?: Weights
}

/** A model of one layer on inputs of these shapes. tfjs cannot load it: the JSON is written by hand. */
function modelOf(shapes: readonly number[][], { className, config, weights = {} }: KerasLayer): LayersModelArtifacts {
  const inputs = shapes.map((shape, index) => ({
    class_name: 'InputLayer',
    name: `x${index}`,
    config: { name: `x${index}`, batch_input_shape: [null, ...shape], dtype: 'float32' },
    inbound_nodes: [],
  }))
  const call = inputs.map(({ name }) => [name, 0, 0, {}])
  const layer = { class_name: className, name: 'y', config: { name: 'y', ...config }, inbound_nodes: [call] }
  const ends = { input_layers: inputs.map(({ name }) => [name, 0, 0]), output_layers: [['y', 0, 0]] }
  const entries = Object.entries(weights)
  return {
    modelTopology: { class_name: 'Functional', config: { name: 'one', layers: [...inputs, layer], ...ends } },
    weightSpecs: entries.map(([name, [shape]]): WeightSpec => ({ name: `y/${name}`, shape, dtype: 'float32' })),
    weightData: entries.map(([, [, values]]) => new Uint8Array(Float32Array.from(values).buffer)),
  }
}

const waves = (length: number, step: number): number[] => Array.from({ length }, (_, index) => Math.sin(index * step))

/** The output on inputs of these shapes, a batch of two, and the inputs. */
async function outputOf(shapes: readonly number[][], layer: KerasLayer) {
  const inputs = shapes.map((rest, index) => {
    const shape = [2, ...rest]
    const count = shape.reduce((product, length) => product * length, 1)
    return { dtype: 'float32', shape, values: Float32Array.from(waves(count, index + 0.7)) }
  })
  const [output] = await runOnnx(await exportLayersModel(modelOf(shapes, layer)), inputs, loadRuntimes())
  return { inputs, shape: output?.shape, values: Array.from(output?.values ?? [], Number) }
}

function expectClose(found: readonly number[], expected: ArrayLike<number>): void {
  expect(found).toHaveLength(expected.length)
  for (const [index, value] of found.entries()) expect(value).toBeCloseTo(expected[index] as number, 5)
}

describe('layers of Keras that tfjs lacks', () => {
  test.each<[string, KerasLayer]>([
    [
      'by statistics that were learned',
      {
        className: 'Normalization',
        config: { axis: [2], mean: null, variance: null },
        weights: { mean: [[3], [1, -2, 0.5]], variance: [[3], [4, 0.25, 0]], count: [[], [7]] },
      },
    ],
    [
      'by statistics in the configuration',
      { className: 'Normalization', config: { axis: -1, mean: [[[1, -2, 0.5]]], variance: [4, 0.25, 0] } },
    ],
  ])('Normalization is (x - mean) / max(√variance, 1e-7): %s', async (_, layer) => {
    const { inputs, values } = await outputOf([[4, 3]], layer)
    const [mean, deviation] = [
      [1, -2, 0.5],
      [2, 0.5, 1e-7],
    ]
    const expected = Array.from(inputs[0]?.values ?? [], (x, index) => {
      const channel = index % 3
      return (x - (mean[channel] as number)) / (deviation[channel] as number)
    })
    const scaled = (list: readonly number[]) => list.map((value, index) => (index % 3 === 2 ? value * 1e-7 : value))
    expectClose(scaled(values), scaled(expected))
  })

  test('Subtract is the first input less the second', async () => {
    const { inputs, values } = await outputOf([[4], [4]], { className: 'Subtract', config: {} })
    const [a, b] = inputs.map((input) => input.values)
    expectClose(
      values,
      Array.from(a ?? [], (x, index) => x - (b?.[index] as number)),
    )
  })

  test('a convolution of groups is one of each group’s channels, side by side', async () => {
    const kernel = waves(3 * 2 * 2 * 6, 1.3)
    const config = { filters: 6, kernel_size: [3, 2], strides: [2, 1], padding: 'same', groups: 2, use_bias: false }
    const { inputs, shape, values } = await outputOf([[7, 5, 4]], {
      className: 'Conv2D',
      config,
      weights: { kernel: [[3, 2, 2, 6], kernel] },
    })
    const x = tf.tensor4d(inputs[0]?.values ?? [], [2, 7, 5, 4])
    const w = tf.tensor4d(kernel, [3, 2, 2, 6])
    const halves = [0, 1].map((group) =>
      tf.conv2d(
        tf.slice(x, [0, 0, 0, 2 * group], [-1, -1, -1, 2]),
        tf.slice(w, [0, 0, 0, 3 * group], [-1, -1, -1, 3]),
        [2, 1],
        'same',
      ),
    )
    const expected = tf.concat(halves, 3)
    expect(shape).toEqual(expected.shape)
    expectClose(values, await expected.data())
  })

  test('a GRU that resets after the product is Keras’s formula', async () => {
    const [steps, width, units] = [4, 3, 2]
    const weights: Weights = {
      kernel: [[width, 3 * units], waves(width * 3 * units, 0.9)],
      recurrent_kernel: [[units, 3 * units], waves(units * 3 * units, 1.7)],
      bias: [[2, 3 * units], waves(2 * 3 * units, 0.4)],
    }
    const config = { units, reset_after: true, activation: 'tanh', recurrent_activation: 'sigmoid' }
    const { inputs, values } = await outputOf([[steps, width]], { className: 'GRU', config, weights })
    const [kernel, recurrent, bias] = ['kernel', 'recurrent_kernel', 'bias'].map((name) => weights[name]?.[1] ?? [])
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
    /** row · matrix + the bias from `offset`, of 3 × units numbers. */
    const affine = (row: readonly number[], matrix: readonly number[], offset: number): number[] =>
      Array.from({ length: 3 * units }, (_, column) =>
        row.reduce(
          (total, x, index) => total + x * (matrix[index * 3 * units + column] as number),
          bias?.[offset + column] as number,
        ),
      )
    const expected = [0, 1].flatMap((example) => {
      let h = [0, 0]
      for (let step = 0; step < steps; step++) {
        const start = (example * steps + step) * width
        const x = affine(Array.from(inputs[0]?.values.slice(start, start + width) ?? []), kernel ?? [], 0)
        const state = affine(h, recurrent ?? [], 3 * units)
        h = h.map((old, unit) => {
          const at = (list: readonly number[], gate: number) => list[gate * units + unit] as number
          const z = sigmoid(at(x, 0) + at(state, 0))
          const r = sigmoid(at(x, 1) + at(state, 1))
          return z * old + (1 - z) * Math.tanh(at(x, 2) + r * at(state, 2))
        })
      }
      return h
    })
    expectClose(values, expected)
  })

  test.each<[string, (x: number) => number]>([
    ['silu', (x) => x / (1 + Math.exp(-x))],
    ['exponential', Math.exp],
    ['leaky_relu', (x) => Math.max(x, 0.2 * x)],
  ])('the activation %s is Keras’s', async (activation, compute) => {
    const { inputs, values } = await outputOf([[5]], { className: 'Activation', config: { activation } })
    expectClose(values, Array.from(inputs[0]?.values ?? [], compute))
  })

  test('a Bidirectional layer is read as Keras 3 saves it, its layer named forward_lstm', async () => {
    const config = { units: 2, return_sequences: true }
    const held = (name: string) => ({ layer: { class_name: 'LSTM', config: { name, ...config } } })
    const weightsAs = (cell: string): Weights =>
      Object.fromEntries(
        ['forward', 'backward'].flatMap((way, index) => [
          [`${way}_lstm/${cell}kernel`, [[3, 8], waves(24, index + 0.3)]],
          [`${way}_lstm/${cell}recurrent_kernel`, [[2, 8], waves(16, index + 0.5)]],
          [`${way}_lstm/${cell}bias`, [[8], waves(8, index + 0.7)]],
        ]),
      )
    const [two, three] = await Promise.all([
      outputOf([[4, 3]], { className: 'Bidirectional', config: held('lstm'), weights: weightsAs('') }),
      outputOf([[4, 3]], {
        className: 'Bidirectional',
        config: held('forward_lstm'),
        weights: weightsAs('lstm_cell/'),
      }),
    ])
    expect(two?.shape).toEqual([2, 4, 4])
    expect(three?.values).toEqual(two?.values)
  })

  test('a function that was called on a layer’s result in Keras 3 is one of two tensors; with a constant it is refused', async () => {
    const tensor = (shape: readonly number[], history: Json): Json => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, ...shape], dtype: 'float32', keras_history: history },
    })
    const summed = (...args: Json[]): LayersModelArtifacts => {
      const { modelTopology } = modelOf([[3], [3]], { className: 'Add', config: {} })
      const { config } = modelTopology as { config: { layers: JsonObject[] } }
      const [x0, x1, add] = config.layers as [JsonObject, JsonObject, JsonObject]
      const called = { ...add, module: 'keras.src.ops.numpy', inbound_nodes: [{ args, kwargs: {} }] }
      return { modelTopology: { class_name: 'Functional', config: { ...config, layers: [x0, x1, called] } } }
    }
    const [a, b] = [tensor([3], ['x0', 0, 0]), tensor([3], ['x1', 0, 0])]
    const { model } = await exportLayersModel(summed(a, b))
    expect(model.graph.nodes.map(({ opType }) => opType)).toEqual(['Add'])
    await expect(exportLayersModel(summed(a, 1.5))).rejects.toThrow(
      'layer y: call 0: expected a call on tensors alone, found 1.5 among them',
    )
  })

  test.each(['SpatialDropout2D', 'RandomFlip', 'RandomRotation', 'ActivityRegularization'])(
    '%s changes nothing',
    async (className) => {
      const { inputs, values } = await outputOf([[3, 2, 2]], { className, config: { rate: 0.3 } })
      expectClose(values, inputs[0]?.values ?? [])
    },
  )

  test.each<[string, KerasLayer, string]>([
    [
      'a convolution whose channels no groups divide',
      { className: 'Conv2D', config: { filters: 6, kernel_size: 1, groups: 4 } },
      'layer y (Conv2D): groups, expected a divisor of 3 channels and 6 filters, found 4',
    ],
    [
      'a normalization along an axis within',
      { className: 'Normalization', config: { axis: 1, mean: 0, variance: 1 } },
      'layer y (Normalization): axis, expected null, or the last axis alone, found [1]',
    ],
    [
      'one that goes back',
      { className: 'Normalization', config: { invert: true } },
      'layer y (Normalization): invert, expected false, found true',
    ],
  ])('refuses %s', async (_, layer, message) => {
    await expect(exportLayersModel(modelOf([[4, 4, 3]], layer))).rejects.toThrow(message)
  })
})
