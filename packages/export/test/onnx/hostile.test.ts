import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../src/errors.js'
import { decodeModel, readMetadata } from '../../src/onnx/decode.js'
import { encodeModel } from '../../src/onnx/encode.js'
import { DataType, type Model, type Node } from '../../src/onnx/model.js'
import { floatTensor, int64Tensor } from '../../src/onnx/tensor.js'

/** Protobuf by hand: a field that holds bytes, and one that holds a number. */
function bytesField(field: number, ...contents: readonly (Uint8Array | string)[]): Uint8Array {
  const content = Buffer.concat(contents.map((part) => Buffer.from(part)))
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content])
}

function intField(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field * 8), varint(value)])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Uint8Array.from([...bytes, rest])
}

const modelOf = (...graphFields: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([intField(1, 8), bytesField(7, ...graphFields)])
const withInitializer = (...tensorFields: readonly Uint8Array[]): Uint8Array =>
  modelOf(bytesField(5, ...tensorFields, bytesField(8, 'w')))

function nested(depth: number): Uint8Array {
  let graph = bytesField(2, 'g')
  for (let level = 0; level < depth; level++) {
    graph = bytesField(1, bytesField(4, 'If'), bytesField(5, bytesField(1, 'b'), bytesField(6, graph), intField(20, 5)))
  }
  return modelOf(graph)
}

const node = (name: string, inputs: readonly string[], outputs: readonly string[]): Node => ({
  name,
  opType: 'Add',
  domain: '',
  inputs,
  outputs,
  attributes: {},
})

function model(nodes: readonly Node[], output: string): Model {
  return {
    irVersion: 8,
    opsets: { '': 17 },
    producerName: 'p',
    producerVersion: '1',
    domain: 'd',
    modelVersion: 1,
    docString: '',
    metadata: { key: 'value' },
    graph: {
      name: 'g',
      docString: '',
      nodes,
      initializers: [floatTensor('w', [4], [1, 2, 3, 4]), int64Tensor('n', [1], [2])],
      inputs: [{ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 4], denotation: 'TENSOR' }],
      outputs: [{ name: output, dataType: DataType.FLOAT, shape: ['batch', 4] }],
      valueInfos: [],
    },
  }
}

const damaged = (detail: string): string => `m.onnx: expected an ONNX model, found other or damaged bytes: ${detail}`
const external = 'tensor w: expected its data in the file, found external data; save the model as one file'

describe('decodeModel refuses', () => {
  test.each<[string, Uint8Array, string, string]>([
    ['an empty file', new Uint8Array(0), 'INPUT', 'm.onnx: expected an ONNX model, found an empty file'],
    ['text', Buffer.from('Hello, is this a model?'), 'INPUT', damaged('cant skip wire type 4')],
    ['JSON', Buffer.from('{"format": "layers-model"}'), 'INPUT', damaged('premature EOF')],
    ['a model without a graph', intField(1, 8), 'INPUT', damaged('it has no graph')],
    ['a model without a version', bytesField(7, ''), 'INPUT', damaged('it has no ir_version')],
    ['graphs nested a thousand deep', nested(1000), 'INPUT', damaged('graphs nested more than 32 deep')],
    [
      'a length beyond the end',
      Buffer.concat([intField(1, 8), Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x07)]),
      'INPUT',
      damaged('premature EOF'),
    ],
    [
      'dimensions whose product overflows',
      withInitializer(intField(1, 2 ** 40), intField(1, 2 ** 40), intField(2, 1)),
      'INPUT',
      damaged('tensor w has impossible dimensions'),
    ],
    [
      'a tensor that claims more than there is',
      withInitializer(intField(1, 2 ** 40), intField(2, 1), bytesField(9, 'four')),
      'INPUT',
      damaged(`tensor w: its shape takes ${2 ** 42} bytes, it has 4`),
    ],
    [
      'integers that claim more than there are',
      withInitializer(intField(1, 2 ** 40), intField(2, 7), bytesField(7, Uint8Array.of(1, 2, 3))),
      'INPUT',
      damaged(`tensor w: its shape takes ${2 ** 40} elements, its 3 bytes hold others`),
    ],
    [
      'more nodes than any model has',
      modelOf(Buffer.alloc(11 * 300_000, bytesField(1, bytesField(4, 'A'), bytesField(2, 'abcd')))),
      'INPUT',
      damaged('more nodes and values than any model has'),
    ],
    [
      'external data',
      withInitializer(bytesField(8, 'w'), bytesField(13, 'location')),
      'UNSUPPORTED',
      `m.onnx: ${external}`,
    ],
    [
      'an external location',
      withInitializer(bytesField(8, 'w'), intField(14, 1)),
      'UNSUPPORTED',
      `m.onnx: ${external}`,
    ],
    [
      'a cycle',
      encodeModel(model([node('a', ['c'], ['b']), node('b', ['b'], ['c'])], 'c')),
      'INPUT',
      damaged('Add a uses c before anything makes it'),
    ],
    [
      'a value that two nodes make',
      encodeModel(model([node('a', ['x'], ['b']), node('b', ['x'], ['b'])], 'b')),
      'INPUT',
      damaged('two values are named b'),
    ],
    ['an output that nothing makes', encodeModel(model([], 'y')), 'INPUT', damaged('nothing makes the output y')],
  ])('%s', (_, bytes, code, message) => {
    const error = thrown(() => decodeModel(bytes, 'm.onnx'))
    expect({ code: error?.code, message: error?.message }).toEqual({ code, message })
  })

  test('a name with line breaks and of a megabyte in one short line', () => {
    const name = 'a\n'.repeat(500_000)
    const { message } = thrown(() => decodeModel(encodeModel(model([], name)))) as UserError
    expect(message).not.toMatch(/\n/)
    expect(message.length).toBeLessThan(400)
  })
})

function thrown(run: () => unknown): UserError | undefined {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return error as UserError
  }
  return undefined
}

describe('whatever the bytes', () => {
  const valid = encodeModel(model([node('a', ['x', 'w'], ['y'])], 'y'))

  /** Bytes of a valid file with a few overwritten, cut out, or doubled. */
  const mutated = fc
    .array(fc.tuple(fc.constantFrom('set', 'cut', 'repeat'), fc.nat({ max: valid.length }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 6,
    })
    .map((changes) => {
      let bytes = Buffer.from(valid)
      for (const [kind, at, value] of changes) {
        const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
        if (kind === 'set') bytes = Buffer.concat([head, Uint8Array.of(value), tail.subarray(1)])
        else if (kind === 'cut') bytes = Buffer.concat([head, tail.subarray(1 + (value % 16))])
        else bytes = Buffer.concat([head, tail.subarray(0, value % 32), tail])
      }
      return bytes
    })

  test.each([
    ['changed at random', mutated],
    ['wholly random', fc.uint8Array({ maxLength: 200 })],
  ] as const)('%s, decodeModel gives a model or a UserError and nothing else', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (bytes) => {
        const error = thrown(() => encodeModel(decodeModel(bytes)))
        if (error !== undefined) expect(error.message).not.toMatch(/\n/)
        thrown(() => readMetadata(bytes))
      }),
      { numRuns: 5000 },
    )
  })

  test('cut short anywhere within the graph, they are refused', () => {
    const whole = Array.from({ length: valid.length }, (_, length) => length).filter(
      (length) => thrown(() => decodeModel(valid.subarray(0, length))) === undefined,
    )
    // What follows the graph may be missing in whole: an opset of 2 + 2 bytes, and an entry of 2 + (2 + 3) + (2 + 5).
    expect(whole).toEqual([valid.length - 18, valid.length - 14])
  })
})
