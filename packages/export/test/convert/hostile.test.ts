import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LayersModelArtifacts } from '../../src/convert/artifacts.js'
import { convertLayersModel } from '../../src/convert/convert.js'
import { UserError } from '../../src/errors.js'
import { drawn } from '../support/cases.js'
import { NETWORKS } from '../support/networks.js'
import { artifactsOf, L, type Model, on, tfl } from '../support/tfjs.js'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Resolves where the model converts or is refused for a reason; any other error is a fault of ours. */
function convertsOrRefuses(artifacts: LayersModelArtifacts): void {
  try {
    convertLayersModel(artifacts)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (/[\n\r]/.test(error.message))
      throw new Error(`a message of more than one line: ${error.message}`, { cause: error })
  }
}

const recurrent = { units: 2, recurrentInitializer: 'glorotNormal' } as const

/** A little of everything. */
function various(): Model {
  const tokens = tfl.input({ shape: [6], dtype: 'int32' })
  const sequence = on(L.embedding({ inputDim: 5, outputDim: 3, maskZero: true }), tokens)
  const both = on(
    L.bidirectional({ layer: L.gru({ ...recurrent, returnSequences: true }) as never, mergeMode: 'ave' }),
    sequence,
  )
  const each = on(L.timeDistributed({ layer: L.dense({ units: 2 }) }), both)
  const dot = on(L.dot({ axes: [2, 2] }), [each, each])
  const cells = on(L.rnn({ cell: [L.lstmCell(recurrent), L.simpleRNNCell(recurrent)] }), dot)
  const inner = tfl.sequential({
    layers: [L.dense({ units: 3, inputShape: [2] }), L.prelu({}), L.reshape({ targetShape: [3, 1] })],
  })
  const output = on(L.permute({ dims: [2, 1] }), inner.apply(cells) as typeof cells)
  return drawn(tfl.model({ inputs: tokens, outputs: output, name: 'various' }))
}

/** Where a change is made: the path of a value in the JSON, as numbers that pick a child at each level. */
const changes = fc.array(
  fc.record({
    path: fc.array(fc.nat(), { maxLength: 14 }),
    value: fc.oneof(
      fc.constantFrom<Json>(
        null,
        true,
        false,
        0,
        -1,
        1.5,
        1e9,
        2 ** 40,
        Number.MAX_SAFE_INTEGER + 1,
        '',
        'x',
        [],
        {},
        [null],
        [[]],
        { config: null },
      ),
      fc.constantFrom<Json>(
        'constructor',
        '__proto__',
        'relu',
        'same',
        'channels_first',
        'Sequential',
        'Functional',
        'LSTM',
        'Dense',
        'RNN',
      ),
      fc.integer({ min: -3, max: 10 }),
      fc.array(fc.integer({ min: -2, max: 9 }), { maxLength: 4 }),
    ),
    how: fc.constantFrom('replace', 'remove', 'duplicate', 'move'),
  }),
  { minLength: 1, maxLength: 4 },
)

function changed(topology: Json, list: readonly { path: readonly number[]; value: Json; how: string }[]): Json {
  const copy = structuredClone(topology)
  for (const { path, value, how } of list) {
    let parent: Json = copy
    let key: string | undefined
    for (const step of path) {
      const at: Json = key === undefined ? parent : ((parent as { [key: string]: Json })[key] as Json)
      if (typeof at !== 'object' || at === null || Object.keys(at).length === 0) break
      parent = at
      const keys = Object.keys(at)
      key = keys[step % keys.length]
    }
    if (key === undefined) continue
    const holder = parent as { [key: string]: Json }
    if (how === 'replace') holder[key] = value
    else if (how === 'remove' && Array.isArray(parent)) parent.splice(Number(key), 1)
    else if (how === 'remove') delete holder[key]
    else if (how === 'duplicate' && Array.isArray(parent)) parent.push(structuredClone(holder[key] as Json))
    else if (Array.isArray(parent)) parent.reverse()
    else holder[String(value)] = holder[key] as Json
  }
  return copy
}

describe('A topology changed at random converts or is refused in one line:', () => {
  const models: [string, () => Model][] = [...Object.entries(NETWORKS), ['various', various]]
  test.each(models)('%s', async (_, make) => {
    const artifacts = await artifactsOf(make())
    fc.assert(
      fc.property(changes, (list) => {
        convertsOrRefuses({ ...artifacts, modelTopology: changed(artifacts.modelTopology as Json, list) as object })
      }),
      { numRuns: 200 },
    )
  })

  test('and so is JSON that is nothing of the kind', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        convertsOrRefuses({ modelTopology: value as object })
        convertsOrRefuses({ modelTopology: { class_name: 'Model', config: value } })
        convertsOrRefuses({ modelTopology: { class_name: 'Sequential', config: { layers: [value] } } })
      }),
    )
  })
})

const inputLayer = (name: string) => ({
  class_name: 'InputLayer',
  name,
  config: { name, batch_input_shape: [null, 2] },
  inbound_nodes: [],
})
const add = (name: string, ...inputs: string[]) => ({
  class_name: 'Add',
  name,
  config: { name },
  inbound_nodes: [inputs.map((input) => [input, 0, 0, {}])],
})
const functional = (layers: object[], output: string): LayersModelArtifacts => ({
  modelTopology: {
    class_name: 'Model',
    config: { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [[output, 0, 0]] },
  },
})

/** A Sequential model of models, `depth` deep, each within a Sequential. */
function nested(depth: number): LayersModelArtifacts {
  let layer: object = { class_name: 'Dense', config: { name: 'd', units: 2, batch_input_shape: [null, 2] } }
  for (let level = 0; level < depth; level++)
    layer = { class_name: 'Sequential', config: { name: `m${level}`, layers: [layer] } }
  return { modelTopology: layer }
}

/** Models each of which calls the one within twice: 2^levels calls in all. */
function doubling(levels: number): LayersModelArtifacts {
  let model: object | undefined
  for (let level = 0; level < levels; level++) {
    const name = `m${level}`
    const inner = model === undefined ? add('inner', 'x', 'x') : { ...model, name: 'inner' }
    const calls = [[['x', 0, 0, {}]], [['inner', 1, 0, {}]]]
    const layer = model === undefined ? inner : { ...inner, inbound_nodes: calls }
    const output = model === undefined ? ['inner', 0, 0] : ['inner', 2, 0]
    model = {
      class_name: 'Model',
      config: { name, layers: [inputLayer('x'), layer], input_layers: [['x', 0, 0]], output_layers: [output] },
    }
  }
  return { modelTopology: model }
}

describe('A hostile model is refused:', () => {
  test.each<[string, LayersModelArtifacts, string]>([
    [
      'a cycle',
      functional([inputLayer('x'), add('a', 'x', 'b'), add('b', 'a', 'x')], 'b'),
      'expected a model without cycles, found one',
    ],
    [
      'a layer of itself',
      functional([inputLayer('x'), add('a', 'a', 'x')], 'a'),
      'layer a: expected a model without cycles, found one',
    ],
    [
      'a layer that is not there',
      functional([inputLayer('x'), add('a', 'x', 'ghost')], 'a'),
      'model m: expected a layer named ghost, found none',
    ],
    [
      'an output of a layer that has fewer',
      functional(
        [
          inputLayer('x'),
          {
            ...add('a'),
            inbound_nodes: [
              [
                ['x', 0, 3, {}],
                ['x', 0, 0, {}],
              ],
            ],
          },
        ],
        'a',
      ),
      'layer x: expected an output 3, found none',
    ],
    ['two layers of one name', functional([inputLayer('x'), inputLayer('x')], 'x'), 'two named x'],
    ['models within models without end', nested(3000), 'expected at most 100 models within one another, found more'],
    ['models that call one another twice', doubling(60), 'expected at most 10000 calls of layers, found more'],
    [
      'a layer of a million inputs',
      functional([inputLayer('x'), { ...add('a'), inbound_nodes: [new Array(1_000_000).fill(['x', 0, 0, {}])] }], 'a'),
      'layer a: expected at most 10000 inputs, found 1000000',
    ],
    ['a GraphModel', { modelTopology: { node: [], library: {} } }, 'expected a LayersModel, found a GraphModel'],
    ['no topology', {}, 'modelTopology: expected the JSON of a LayersModel, found none'],
    [
      'a shape beyond any machine',
      functional([{ ...inputLayer('x'), config: { batch_input_shape: [null, 2 ** 60] } }], 'x'),
      'expected sizes or null',
    ],
  ])('%s', (_, artifacts, message) => {
    expect(() => convertLayersModel(artifacts)).toThrow(message)
    expect(() => convertLayersModel(artifacts)).toThrow(UserError)
  })

  test('a chain of 5,000 layers is none', () => {
    const layers = Array.from({ length: 5_000 }, (_, index) =>
      add(`a${index}`, index === 0 ? 'x' : `a${index - 1}`, 'x'),
    )
    const { model } = convertLayersModel(functional([inputLayer('x'), ...layers], 'a4999'))
    expect(model.graph.nodes).toHaveLength(5_000)
  })
})

test('Weights that are not finite convert with a warning that names them', async () => {
  const artifacts = await artifactsOf(
    drawn(tfl.sequential({ layers: [L.dense({ units: 1, inputShape: [2], name: 'd' })] })),
  )
  const values = new Float32Array((artifacts.weightData as ArrayBuffer).slice(0))
  values[0] = Number.NaN
  const { warnings } = convertLayersModel({ ...artifacts, weightData: values.buffer })
  expect(warnings).toEqual(['d/kernel holds values that are not finite'])
})
