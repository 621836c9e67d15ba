import { describe, expect, test } from 'vitest'
import { convertLayersModel } from '../../src/convert/convert.js'
import type { Json } from '../../src/convert/topology.js'
import { encodeModel, type LayersModelArtifacts, type WeightSpec } from '../../src/index.js'

/** A sequential model, its list of layers bare as old Keras has it, with weights of these names and shapes. */
function modelOf(layers: readonly Json[], weights: readonly [name: string, shape: number[]][]): LayersModelArtifacts {
  return {
    modelTopology: { keras_version: '1.2.2', model_config: { class_name: 'Sequential', config: layers } },
    weightSpecs: weights.map(([name, shape]): WeightSpec => ({ name, shape, dtype: 'float32' })),
    weightData: weights.map(([, shape]) => {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => Math.sin(index))
      return new Uint8Array(values.buffer)
    }),
  }
}

const layer = (class_name: string, config: Readonly<Record<string, Json>>): Json => ({ class_name, config })

/** The same model in the words of Keras 1 and of Keras 2. */
const OLD = modelOf(
  [
    layer('Convolution2D', {
      ...{ name: 'conv', batch_input_shape: [null, 9, 8, 2], nb_filter: 3, nb_row: 3, nb_col: 2, subsample: [2, 1] },
      ...{ border_mode: 'same', dim_ordering: 'tf', bias: true, activation: 'relu', init: 'glorot_uniform' },
    }),
    layer('BatchNormalization', { name: 'norm', axis: -1, epsilon: 1e-5, mode: 0 }),
    layer('MaxPooling2D', {
      name: 'pool',
      pool_size: [2, 2],
      strides: [2, 2],
      border_mode: 'valid',
      dim_ordering: 'tf',
    }),
    layer('Dropout', { name: 'drop', p: 0.25 }),
    layer('Flatten', { name: 'flat' }),
    layer('Dense', { name: 'dense', output_dim: 4, bias: false, activation: 'softmax', input_dim: null }),
  ],
  [
    ['conv_W', [3, 2, 2, 3]],
    ['conv_b', [3]],
    ['norm_gamma', [3]],
    ['norm_beta', [3]],
    ['norm_running_mean', [3]],
    ['norm_running_std', [3]],
    ['dense/dense_W', [24, 4]],
  ],
)

const NEW = modelOf(
  [
    layer('Conv2D', {
      ...{ name: 'conv', batch_input_shape: [null, 9, 8, 2], filters: 3, kernel_size: [3, 2], strides: [2, 1] },
      ...{ padding: 'same', data_format: 'channels_last', use_bias: true, activation: 'relu' },
    }),
    layer('BatchNormalization', { name: 'norm', axis: -1, epsilon: 1e-5 }),
    layer('MaxPooling2D', { name: 'pool', pool_size: [2, 2], strides: [2, 2], padding: 'valid' }),
    layer('Dropout', { name: 'drop', rate: 0.25 }),
    layer('Flatten', { name: 'flat' }),
    layer('Dense', { name: 'dense', units: 4, use_bias: false, activation: 'softmax' }),
  ],
  [
    ['conv/kernel', [3, 2, 2, 3]],
    ['conv/bias', [3]],
    ['norm/gamma', [3]],
    ['norm/beta', [3]],
    ['norm/moving_mean', [3]],
    ['norm/moving_variance', [3]],
    ['dense/kernel', [24, 4]],
  ],
)

describe('a model in the words of Keras 1', () => {
  test('becomes the file that it becomes in those of Keras 2', () => {
    const [old, modern] = [OLD, NEW].map((artifacts) => convertLayersModel(artifacts).model)
    expect(old && encodeModel(old)).toEqual(modern && encodeModel(modern))
  })

  test.each([
    ['sum', 'Add'],
    ['mul', 'Mul'],
    ['max', 'Max'],
    ['concat', 'Concat'],
  ])('has Merge by mode %s as %s', (mode, operator) => {
    const input = layer('InputLayer', { name: 'x', batch_input_shape: [null, 3] }) as Readonly<Record<string, Json>>
    const merge = layer('Merge', { name: 'merge', mode, concat_axis: -1 }) as Readonly<Record<string, Json>>
    const layers = [
      { ...input, name: 'x', inbound_nodes: [] },
      { ...merge, name: 'merge', inbound_nodes: [['x', 'x'].map((name) => [name, 0, 0])] },
    ]
    const config = { name: 'two', layers, input_layers: [['x', 0, 0]], output_layers: [['merge', 0, 0]] }
    const { model } = convertLayersModel({ modelTopology: { class_name: 'Model', config } })
    expect(model.graph.nodes.map(({ opType }) => opType)).toEqual([operator])
  })

  test('is refused where a Merge is none that Keras 2 has', () => {
    const layers = [layer('Merge', { name: 'merge', mode: 'cos', batch_input_shape: [null, 3] })]
    expect(() => convertLayersModel(modelOf(layers, []))).toThrow(
      'layer merge: expected a layer class that converts, found Merge;',
    )
  })
})
