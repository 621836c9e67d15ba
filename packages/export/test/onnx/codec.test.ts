import fc from 'fast-check'
import { InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../src/errors.js'
import { decodeModel, readMetadata } from '../../src/onnx/decode.js'
import { encodeModel } from '../../src/onnx/encode.js'
import { type Attribute, DataType, type Model, type Tensor, type ValueInfo } from '../../src/onnx/model.js'
import { BITS_PER_ELEMENT, byteLength, floatTensor, floatValues } from '../../src/onnx/tensor.js'

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const key = fc.string({ minLength: 1, maxLength: 8 })
const bigger = fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n })
const dataTypes = Object.entries(DataType).flatMap(([, type]) => (BITS_PER_ELEMENT[type] === undefined ? [] : [type]))

const numberTensor = fc
  .tuple(key, fc.constantFrom(...dataTypes), fc.array(fc.nat({ max: 4 }), { maxLength: 4 }))
  .chain(([name, dataType, dims]) => {
    const length = byteLength(dataType, dims) as number
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data): Tensor => ({ name, dataType, dims, data: new Uint8Array(data) }))
  })

const stringTensor = fc.array(text, { maxLength: 5 }).map(
  (strings): Tensor => ({
    name: 'words',
    dataType: DataType.STRING,
    dims: [strings.length],
    data: new Uint8Array(0),
    strings,
  }),
)

const tensor = fc.oneof({ weight: 5, arbitrary: numberTensor }, stringTensor)

const plainAttribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ type: fc.constant('INT' as const), value: fc.maxSafeInteger() }),
  fc.record({
    type: fc.constant('BIG_INT' as const),
    value: fc.oneof(
      bigger,
      bigger.map((value) => -value),
    ),
  }),
  fc.record({ type: fc.constant('FLOAT' as const), value: fc.float() }),
  fc.record({ type: fc.constant('STRING' as const), value: text }),
  fc.record({ type: fc.constant('TENSOR' as const), value: tensor }),
  fc.record({ type: fc.constant('INTS' as const), value: fc.array(fc.maxSafeInteger(), { maxLength: 4 }) }),
  fc.record({ type: fc.constant('BIG_INTS' as const), value: fc.array(bigger, { minLength: 1, maxLength: 3 }) }),
  fc.record({ type: fc.constant('FLOATS' as const), value: fc.array(fc.float(), { maxLength: 4 }) }),
  fc.record({ type: fc.constant('STRINGS' as const), value: fc.array(text, { maxLength: 4 }) }),
  fc.record({ type: fc.constant('TENSORS' as const), value: fc.array(tensor, { maxLength: 2 }) }),
)

const dimension = fc.oneof(fc.nat({ max: 2 ** 40 }), key)

const valueInfo = (name: string): fc.Arbitrary<ValueInfo> =>
  fc.oneof(
    fc
      .tuple(
        fc.constantFrom(...Object.values(DataType)),
        fc.array(dimension, { maxLength: 4 }),
        fc.record({ denotation: fc.constant('IMAGE'), denotations: fc.constant('DATA_BATCH') }, { requiredKeys: [] }),
      )
      .map(([dataType, shape, { denotation, denotations }]) => ({
        name,
        dataType,
        shape,
        ...(denotation === undefined ? {} : { denotation }),
        ...(denotations === undefined || shape.length === 0
          ? {}
          : { dimensionDenotations: shape.map((_, axis) => (axis === 0 ? denotations : '')) }),
      })),
    fc.constantFrom(DataType.FLOAT, DataType.UNDEFINED).map((dataType) => ({
      name,
      dataType,
      shape: [],
      unranked: true as const,
    })),
  )

/** Any model of a chain of nodes, the last of which has one of its kind within. */
const model: fc.Arbitrary<Model> = fc
  .record({
    texts: fc.record({ producerName: text, producerVersion: text, domain: text, docString: text }),
    irVersion: fc.integer({ min: 1, max: 13 }),
    modelVersion: fc.maxSafeInteger(),
    opsets: fc.dictionary(key, fc.nat()),
    metadata: fc.dictionary(text, text),
    attributes: fc.array(fc.dictionary(key, plainAttribute, { maxKeys: 4 }), { maxLength: 4 }),
    input: valueInfo('in'),
    weights: fc.array(tensor, { maxLength: 3 }),
    nested: fc.boolean(),
  })
  .chain(({ texts, attributes, input, weights, nested, ...rest }) => {
    const nodes = attributes.map((own, index) => ({
      name: `node ${index}`,
      opType: 'Op',
      domain: index % 2 === 0 ? '' : 'own',
      inputs: [index === 0 ? 'in' : `value ${index - 1}`, ''],
      outputs: [`value ${index}`],
      attributes: own,
    }))
    const last = nodes.length === 0 ? 'in' : `value ${nodes.length - 1}`
    return valueInfo(last).map((output): Model => {
      const graph = {
        name: 'g',
        docString: texts.docString,
        nodes,
        initializers: weights.map((weight, index) => ({ ...weight, name: `weight ${index}` })),
        inputs: [input],
        outputs: [output],
        valueInfos: [output],
      }
      const loop: Attribute = { type: 'GRAPH', value: graph }
      const outer = {
        ...graph,
        nodes: [{ name: 'n', opType: 'If', domain: '', inputs: [], outputs: [last], attributes: { body: loop } }],
        initializers: [],
      }
      return { ...rest, ...texts, graph: nested && nodes.length > 0 ? outer : graph }
    })
  })

describe('encodeModel and decodeModel', () => {
  test('give back every model that they are given', () => {
    fc.assert(
      fc.property(model, (given) => {
        expect(decodeModel(encodeModel(given))).toEqual(given)
      }),
      { numRuns: 400 },
    )
  })

  test('give back keys that JavaScript’s objects have by themselves', () => {
    const given = { ...sample(), metadata: JSON.parse('{ "__proto__": "a", "constructor": "b" }') as Model['metadata'] }
    expect(Object.entries(decodeModel(encodeModel(given)).metadata)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })

  test('keep NaN, infinities and the sign of zero in attributes', () => {
    const value = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]
    expect(decodeModel(encodeModel(sample({ a: { type: 'FLOATS', value } }))).graph.nodes[0]?.attributes.a).toEqual({
      type: 'FLOATS',
      value,
    })
  })

  test('leave the weights where they are: a decoded tensor is a view of the file', () => {
    const bytes = encodeModel(sample())
    const [weight] = decodeModel(bytes).graph.initializers as [Tensor]
    expect(weight.data.buffer).toBe(bytes.buffer)
    expect(Array.from(floatValues(weight))).toEqual([1, 2, 3])
  })
})

describe('encodeModel', () => {
  test('writes a value of which nothing is known so that ONNX Runtime finds out', async () => {
    const { graph, ...rest } = sample()
    const outputs = [{ name: 'y', dataType: DataType.UNDEFINED, shape: [], unranked: true as const }]
    const session = await InferenceSession.create(encodeModel({ ...rest, graph: { ...graph, outputs } }))
    const { y } = await session.run({ x: new RuntimeTensor('float32', Float32Array.of(1, 1, 1), [1, 3]) })
    await session.release()
    expect(Array.from(y?.data as Float32Array)).toEqual([2, 3, 4])
  })
})

describe('readMetadata', () => {
  test('reads the metadata of a file whose graph it never looks at', () => {
    const bytes = encodeModel({ ...sample(), metadata: { 'mnist.network': 'lenet5' } })
    // The graph's bytes are spoilt, its length is not.
    const spoilt = bytes.slice()
    const at = bytes.findIndex((_, index) => String.fromCharCode(...bytes.subarray(index, index + 3)) === 'Add')
    spoilt.fill(0xff, at - 2, at + 3)
    expect(() => decodeModel(spoilt)).toThrow(UserError)
    expect(readMetadata(spoilt)).toEqual({ 'mnist.network': 'lenet5' })
  })
})

function sample(attributes: Record<string, Attribute> = {}): Model {
  return {
    irVersion: 8,
    opsets: { '': 17 },
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0,
    docString: '',
    metadata: {},
    graph: {
      name: 'g',
      docString: '',
      nodes: [{ name: 'n', opType: 'Add', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes }],
      initializers: [floatTensor('w', [3], [1, 2, 3])],
      inputs: [{ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 3] }],
      outputs: [{ name: 'y', dataType: DataType.FLOAT, shape: ['batch', 3] }],
      valueInfos: [],
    },
  }
}
