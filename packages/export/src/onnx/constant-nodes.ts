/** Constant nodes (ai.onnx, opset 1 to 17), which other writers use for what we keep as initializers. */
import { DataType, type Graph, type Node, type Tensor } from './model.js'
import { floatTensor, tensor } from './tensor.js'

export interface Initialized {
  readonly graph: Graph
  /** Names of the initializers that were nodes. */
  readonly names: ReadonlySet<string>
}

/** The graph with an initializer for each of its Constant nodes. Those in the graphs of attributes stay as they are. */
export function constantsAsInitializers(graph: Graph): Initialized {
  const tensors = new Map<Node, Tensor>()
  for (const node of graph.nodes) {
    const value = constantTensor(node)
    if (value !== undefined) tensors.set(node, value)
  }
  if (tensors.size === 0) return { graph, names: new Set() }
  return {
    graph: {
      ...graph,
      nodes: graph.nodes.filter((node) => !tensors.has(node)),
      initializers: [...graph.initializers, ...tensors.values()],
    },
    names: new Set([...tensors.values()].map(({ name }) => name)),
  }
}

/** undefined for another operator, or a constant that is text or sparse. */
export function constantTensor({ opType, domain, outputs, attributes }: Node): Tensor | undefined {
  const [name] = outputs
  if (opType !== 'Constant' || domain !== '' || name === undefined) return undefined
  const { value, value_float, value_floats, value_int, value_ints } = attributes
  if (value?.type === 'TENSOR') return { ...value.value, name }
  if (value_float?.type === 'FLOAT') return floatTensor(name, [], [value_float.value])
  if (value_floats?.type === 'FLOATS') return floatTensor(name, [value_floats.value.length], value_floats.value)
  if (value_int?.type === 'INT' || value_int?.type === 'BIG_INT') return int64(name, [], [value_int.value])
  if (value_ints?.type === 'INTS' || value_ints?.type === 'BIG_INTS') {
    return int64(name, [value_ints.value.length], value_ints.value)
  }
  return undefined
}

function int64(name: string, dims: readonly number[], values: readonly (number | bigint)[]): Tensor {
  return tensor(name, DataType.INT64, dims, BigInt64Array.from(values, BigInt))
}
