import { describe, expect, test } from 'vitest'
import { constantsAsInitializers } from '../../src/onnx/constant-nodes.js'
import { type Attributes, DataType, type Graph, type Node, type Tensor } from '../../src/onnx/model.js'
import { floatTensor, floatValues, int64Tensor, int64Values } from '../../src/onnx/tensor.js'

function graphOf(attributes: Attributes, other: Partial<Node> = {}): Graph {
  const node: Node = { name: 'c', opType: 'Constant', domain: '', inputs: [], outputs: ['value'], attributes, ...other }
  return { name: 'g', docString: '', nodes: [node], initializers: [], inputs: [], outputs: [], valueInfos: [] }
}

const elements = (tensor: Tensor): number[] =>
  tensor.dataType === DataType.FLOAT ? Array.from(floatValues(tensor)) : int64Values(tensor)

describe('constantsAsInitializers', () => {
  test.each<[string, Attributes, number[], number[]]>([
    ['value', { value: { type: 'TENSOR', value: floatTensor('', [1, 2], [1, 2]) } }, [1, 2], [1, 2]],
    ['value of integers', { value: { type: 'TENSOR', value: int64Tensor('', [1], [3]) } }, [1], [3]],
    ['value_float', { value_float: { type: 'FLOAT', value: 0.5 } }, [], [0.5]],
    ['value_floats', { value_floats: { type: 'FLOATS', value: [0.5, 1] } }, [2], [0.5, 1]],
    ['value_int', { value_int: { type: 'INT', value: -1 } }, [], [-1]],
    ['value_ints', { value_ints: { type: 'INTS', value: [1, 2, 3] } }, [3], [1, 2, 3]],
  ])('makes an initializer of %s', (_, attributes, dims, values) => {
    const { graph, names } = constantsAsInitializers(graphOf(attributes))
    expect(graph.nodes).toEqual([])
    expect([...names]).toEqual(['value'])
    const [tensor] = graph.initializers as [Tensor]
    expect({ name: tensor.name, dims: tensor.dims, values: elements(tensor) }).toEqual({ name: 'value', dims, values })
  })

  test.each<[string, Graph]>([
    ['text', graphOf({ value_string: { type: 'STRING', value: 'a' } })],
    ['another domain', graphOf({ value_int: { type: 'INT', value: 1 } }, { domain: 'own' })],
    ['another operator', graphOf({}, { opType: 'Identity' })],
  ])('leaves %s as it is', (_, graph) => {
    expect(constantsAsInitializers(graph)).toEqual({ graph, names: new Set() })
  })
})
