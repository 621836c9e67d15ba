import { describe, expect, test } from 'vitest'
import { type LayersModelArtifacts, WeightStore } from '../../src/convert/artifacts.js'
import { convertLayersModel } from '../../src/convert/convert.js'
import type { LayerHandler } from '../../src/convert/layer-call.js'
import { fromOnnx } from '../../src/convert/weight-binding.js'
import { ops } from '../../src/graph/index.js'
import { floatValues } from '../../src/onnx/tensor.js'
import { accepted, drawn, modelOf } from '../support/cases.js'
import { expectSame } from '../support/compare.js'
import { artifactsOf, L, type Layer, type Model, on, type Symbolic, type Tensor, tf, tfl } from '../support/tfjs.js'

describe('A model of any form gives what it gives in tfjs:', () => {
  test('Sequential, with a Sequential inside', async () => {
    const inner = tfl.sequential({ layers: [L.dense({ units: 4, inputShape: [3] }), L.dense({ units: 3 })] })
    const model = tfl.sequential({ layers: [inner, L.reLU({}), L.dense({ units: 2 })] })
    await expectSame(drawn(model))
  })

  test('a functional model with several inputs and outputs', async () => {
    const [a, b] = [tfl.input({ shape: [3], name: 'a' }), tfl.input({ shape: [4], name: 'b' })]
    const left = on(L.dense({ units: 2 }), a)
    const right = on(L.dense({ units: 2 }), b)
    const sum = on(L.add(), [left, right])
    const { converted } = await expectSame(
      drawn(tfl.model({ inputs: [a, b], outputs: [sum, left, a], name: 'several' })),
    )
    expect(converted.graph.inputs.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('a layer shared by two branches, its weights once', async () => {
    const [a, b] = [tfl.input({ shape: [3] }), tfl.input({ shape: [3] })]
    const shared = L.dense({ units: 2 })
    const outputs = [on(shared, a), on(shared, b), on(L.multiply(), [on(shared, a), on(shared, b)])]
    const { converted } = await expectSame(drawn(tfl.model({ inputs: [a, b], outputs, name: 'shared' })))
    expect(converted.graph.initializers.filter(({ name }) => name.includes('weight'))).toHaveLength(1)
  })

  test.each(['Sequential', 'functional'])('a nested %s model, called on its own result', async (kind) => {
    const input = tfl.input({ shape: [3] })
    const inner =
      kind === 'Sequential'
        ? tfl.sequential({ layers: [L.dense({ units: 3, inputShape: [3], activation: 'tanh' })] })
        : tfl.model({ inputs: input, outputs: on(L.dense({ units: 3 }), input) })
    const x = tfl.input({ shape: [3] })
    const once = inner.apply(x) as Symbolic
    const twice = inner.apply(once) as Symbolic
    await expectSame(drawn(tfl.model({ inputs: x, outputs: [twice, once], name: 'nested' })))
  })

  test('a nested model with several inputs and outputs', async () => {
    const [a, b] = [tfl.input({ shape: [3] }), tfl.input({ shape: [3] })]
    const inner = tfl.model({ inputs: [a, b], outputs: [on(L.add(), [a, b]), on(L.dense({ units: 2 }), b)] })
    const [x, y] = [tfl.input({ shape: [3] }), tfl.input({ shape: [3] })]
    const outputs = inner.apply([x, y]) as Symbolic[]
    await expectSame(drawn(tfl.model({ inputs: [x, y], outputs, name: 'ports' })))
  })

  test('a nested model of feature maps, which stay channels first', async () => {
    const inner = tfl.sequential({ layers: [L.conv2d({ filters: 3, kernelSize: 2, inputShape: [5, 6, 2] })] })
    const model = tfl.sequential({ layers: [L.conv2d({ filters: 2, kernelSize: 2, inputShape: [6, 7, 1] }), inner] })
    await expectSame(drawn(model), { nchw: true })
  })

  test('integer inputs', async () => {
    const input = tfl.input({ shape: [4], dtype: 'int32' })
    await expectSame(
      drawn(tfl.model({ inputs: input, outputs: on(L.reshape({ targetShape: [2, 2] }), input), name: 'ints' })),
    )
  })

  test('a fixed batch', async () => {
    const input = tfl.input({ batchShape: [3, 4] })
    const { converted } = await expectSame(
      drawn(tfl.model({ inputs: input, outputs: on(L.dense({ units: 2 }), input), name: 'fixed' })),
    )
    expect(converted.graph.outputs[0]?.shape).toEqual([3, 2])
  })

  test.each([true, false])('inputs and outputs channels first: %s', async (nchw) => {
    const model = modelOf([5, 6, 2], [L.conv2d({ filters: 3, kernelSize: 2 }), L.maxPooling2d({})])
    const { converted } = await expectSame(model, { nchw })
    expect(converted.graph.inputs[0]?.shape).toEqual(nchw ? ['batch', 2, 5, 6] : ['batch', 5, 6, 2])
    expect(converted.graph.outputs[0]?.shape).toEqual(nchw ? ['batch', 3, 2, 2] : ['batch', 2, 2, 3])
  })

  test('the names that are asked for, and the softmax of the output', async () => {
    const options = { inputNames: ['image'], outputNames: ['logits'], probabilities: 'probabilities', name: 'net' }
    const { converted } = await expectSame(modelOf([3], [L.dense({ units: 2 })]), options)
    expect(converted.graph.name).toBe('net')
    expect(converted.graph.outputs.map(({ name }) => name)).toEqual(['logits', 'probabilities'])
  })
})

/** The saved model with its topology as another program would have written it. */
function rewritten(change: (topology: string) => string) {
  return (artifacts: LayersModelArtifacts): LayersModelArtifacts => ({
    ...artifacts,
    modelTopology: JSON.parse(change(JSON.stringify(artifacts.modelTopology))) as object,
  })
}

describe('A topology of another program is read:', () => {
  const sequential = (): Model =>
    drawn(
      tfl.sequential({
        layers: [L.dense({ units: 3, inputShape: [4], activation: 'hardSigmoid' }), L.dense({ units: 2 })],
      }),
    )

  test('that of old Keras, a Sequential model as a bare list of layers', async () => {
    const edit = rewritten((text) => {
      const topology = JSON.parse(text) as { config: { layers: unknown } }
      return JSON.stringify({ ...topology, config: topology.config.layers })
    })
    await expectSame(sequential(), { edit })
  })

  test('that of model.to_json within model_config, as text', async () => {
    await expectSame(sequential(), {
      edit: rewritten((text) => JSON.stringify({ keras_version: '2.1.6', model_config: text })),
    })
  })

  test('one with the names in camel case', async () => {
    const edit = rewritten((text) =>
      text.replaceAll(
        /"([a-z]+(?:_[a-z]+)+)":/g,
        (_, key: string) => `"${key.replaceAll(/_([a-z])/g, (__, c: string) => c.toUpperCase())}":`,
      ),
    )
    await expectSame(sequential(), { edit })
  })

  test('one whose input layer says batch_shape and whose calls have args and kwargs, as Keras 3 writes', async () => {
    const input = tfl.input({ shape: [4], name: 'x' })
    const model = drawn(tfl.model({ inputs: input, outputs: on(L.dense({ units: 2, name: 'd' }), input), name: 'k3' }))
    const edit = rewritten((text) => {
      const call = {
        args: [{ class_name: '__keras_tensor__', config: { shape: [null, 4], keras_history: ['x', 0, 0] } }],
        kwargs: {},
      }
      return text
        .replace('"batch_input_shape"', '"batch_shape"')
        .replace('"inbound_nodes":[[["x",0,0,{}]]]', `"inbound_nodes":[${JSON.stringify(call)}]`)
        .replace('"input_layers":[["x",0,0]]', '"input_layers":["x",0,0]')
    })
    await expectSame(model, { edit })
  })

  test('one whose weights stand under the name of a cell', async () => {
    const model = modelOf([3, 2], [L.lstm({ units: 2, recurrentInitializer: 'glorotNormal' })])
    const edit = (artifacts: LayersModelArtifacts): LayersModelArtifacts => ({
      ...artifacts,
      weightSpecs: (artifacts.weightSpecs ?? []).map((spec) => ({
        ...spec,
        name: spec.name.replace('/', '/lstm_cell_3/'),
      })),
    })
    await expectSame(model, { edit, tolerance: 2e-5 })
  })
})

test('Weights quantized by the tfjs converter are those that tfjs restores', async () => {
  const artifacts = await artifactsOf(modelOf([3], [L.dense({ units: 2, useBias: false })]))
  // 6 levels of 0.25 from -0.5 on: -0.5, -0.25, 0, 0.25, 0.5, 0.75.
  const quantized: LayersModelArtifacts = {
    ...artifacts,
    weightSpecs: (artifacts.weightSpecs ?? []).map((spec) => ({
      ...spec,
      quantization: { dtype: 'uint8', scale: 0.25, min: -0.5 },
    })),
    weightData: Uint8Array.of(0, 1, 2, 3, 4, 5).buffer,
  }
  const decoded = tf.io.decodeWeights(quantized.weightData as ArrayBuffer, quantized.weightSpecs as never)
  const { model, weights } = convertLayersModel(quantized)
  const expected = tf.transpose(Object.values(decoded)[0] as Tensor).dataSync()
  const initializer = model.graph.initializers.find(({ name }) => name === weights[0]?.initializer)
  expect(new Float32Array(initializer?.data.slice().buffer ?? new ArrayBuffer(0))).toEqual(expected)
})

describe('Every weight goes into the graph and comes back:', () => {
  const rnn = { units: 3, recurrentInitializer: 'glorotNormal' } as const
  test.each<[string, number[], () => Layer[]]>([
    [
      'of convolutions and a dense layer after a flatten',
      [6, 5, 2],
      () => [
        L.conv2d({ filters: 3, kernelSize: 2 }),
        L.separableConv2d({ filters: 4, kernelSize: 2, depthMultiplier: 2 }),
        L.batchNormalization({}),
        L.flatten(),
        L.dense({ units: 3 }),
      ],
    ],
    [
      'of recurrent layers',
      [4, 3],
      () => [
        L.bidirectional({ layer: L.lstm({ ...rnn, returnSequences: true }) as never, mergeMode: 'sum' }),
        L.gru(rnn),
      ],
    ],
    ['of a layer under a wrapper', [4, 3], () => [L.timeDistributed({ layer: L.dense({ units: 2 }) })]],
  ])('%s', async (_, shape, make) => {
    const artifacts = await artifactsOf(modelOf(shape, make()))
    const store = new WeightStore(artifacts)
    const { model, weights } = convertLayersModel(artifacts)
    expect(weights.map(({ weight }) => weight).sort()).toEqual([...store.names].sort())
    for (const binding of weights) {
      const initializer = model.graph.initializers.find(({ name }) => name === binding.initializer)
      if (initializer === undefined) throw new Error(`expected an initializer ${binding.initializer}, found none`)
      expect(initializer.dims).toEqual(binding.layout.shape)
      expect(fromOnnx(binding, floatValues(initializer))).toEqual(store.read(binding.weight).values)
    }
  })
})

describe("A user's own layer", () => {
  class Doubling extends L.Layer {
    static readonly className = 'Doubling'
    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.mul(Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs, 2)
    }
  }
  tf.serialization.registerClass(Doubling as never)
  const doubling: LayerHandler = (call) => {
    const feature = call.input()
    return { ...feature, value: ops.mul(call.g, feature.value, call.g.scalar(2, 'two')) }
  }

  test('converts by the handler that is registered for its class', async () => {
    await expectSame(modelOf([3], [new Doubling({}), L.dense({ units: 2 })]), { handlers: { Doubling: doubling } })
  })

  test('without one is refused by its name, its place and how to register one', async () => {
    const inner = tfl.sequential({ name: 'inner', layers: [new Doubling({ inputShape: [3], name: 'mine' })] })
    const artifacts = await artifactsOf(tfl.sequential({ name: 'outer', layers: [inner] }))
    expect(() => convertLayersModel(artifacts)).toThrow(
      "layer inner/mine: expected a layer class that converts, found Doubling; to convert it, pass handlers: { 'Doubling': (call) => … }, on the command line by --handlers FILE",
    )
  })
})

describe('A layer that no graph computes is refused by name and reason', () => {
  test.each([
    [
      'RandomWidth',
      { factor: 0.1 },
      'it draws a random width at every call; leave it out of the model to be converted',
    ],
    [
      'LSTM',
      { units: 2, stateful: true },
      'stateful, expected false, found true; give the states as inputs and take them as outputs',
    ],
    [
      'GRU',
      { units: 2, reset_after: true, activation: 'selu' },
      "reset_after, expected false beside a mask, other cells or activations that ONNX's GRU lacks, found true; train the model with reset_after=False",
    ],
  ])('%s %j', (className, config, reason) => {
    const layer = { class_name: className, config: { name: 'layer', batch_input_shape: [null, 4, 3], ...config } }
    const modelTopology = { class_name: 'Sequential', config: { layers: [layer] } }
    expect(() => convertLayersModel({ modelTopology })).toThrow(`layer layer (${className}): ${reason}`)
  })
})

accepted()
