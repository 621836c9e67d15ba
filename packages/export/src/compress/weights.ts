/** Which constants of a graph are weights, and along which axis their output channels lie. */
import { intAttribute } from '../graph/attributes.js'
import { DataType, type Graph, type Node, type Tensor } from '../onnx/model.js'
import { floatValues } from '../onnx/tensor.js'

export interface Weight {
  readonly tensor: Tensor
  /** The axis of output channels: its slices have a scale each. */
  readonly channelAxis: number
}

/** Op type → the inputs that are weights, each with its axis of output channels. */
const WEIGHT_INPUTS: Readonly<Record<string, (node: Node) => readonly (readonly [input: number, axis: number])[]>> = {
  // [M, C / group, …kernel]
  Conv: () => [[1, 0]],
  // [C, M / group, …kernel]
  ConvTranspose: () => [[1, 1]],
  // [K, N], or [N, K] where transB says so
  Gemm: (node) => [[1, intAttribute(node, 'transB', 0) === 1 ? 0 : 1]],
  // [K, N]
  MatMul: () => [[1, 1]],
  // [directions, gates · hidden, inputs or hidden]
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
}

function recurrent(): readonly (readonly [number, number])[] {
  return [
    [1, 1],
    [2, 1],
  ]
}

/** The weights by name: FLOAT initializers of two dimensions and more, all finite, that the graph alone sets. */
export function weightsOf(graph: Graph): ReadonlyMap<string, Weight> {
  const constants = constantsOf(graph)
  const weights = new Map<string, Weight>()
  for (const node of graph.nodes) {
    for (const [input, channelAxis] of weightInputs(node)) {
      const tensor = constants.get(node.inputs[input] ?? '')
      if (tensor === undefined || tensor.dataType !== DataType.FLOAT) continue
      // A MatMul of more than two dimensions is a batch of products, not a layer.
      if (tensor.dims.length < 2 || (node.opType === 'MatMul' && tensor.dims.length !== 2)) continue
      if (!weights.has(tensor.name) && isFiniteWeight(tensor)) weights.set(tensor.name, { tensor, channelAxis })
    }
  }
  return weights
}

/** The initializers that the caller of the graph can't replace, and does not see, by name. */
export function constantsOf(graph: Graph): ReadonlyMap<string, Tensor> {
  const visible = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name))
  return new Map(graph.initializers.flatMap((tensor) => (visible.has(tensor.name) ? [] : [[tensor.name, tensor]])))
}

/** Infinity has no place on a grid of steps: such a weight stays as it is. */
export function isFiniteWeight(tensor: Tensor): boolean {
  return floatValues(tensor).every((value) => Number.isFinite(value))
}

function weightInputs(node: Node): readonly (readonly [number, number])[] {
  if (node.domain !== '' || !Object.hasOwn(WEIGHT_INPUTS, node.opType)) return []
  return WEIGHT_INPUTS[node.opType]?.(node) ?? []
}
