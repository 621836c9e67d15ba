/**
 * Which activations a quantised graph holds in 8 bits: what goes into and comes out of operators that a runtime computes in integers.
 * One that is only taken by a ReLU stays float, for the two are one operator there; the outputs of the graph stay float.
 */

import type { TypedShape } from '../graph/shape-inference.js'
import { DataType, type Graph, type Node } from '../onnx/model.js'
import { constantsOf, weightsOf } from './weights.js'

/** Integer kernels of their own, given 8-bit weights. */
const LINEAR: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul'])

/** Integer kernels of their own, without weights. */
const ARITHMETIC: ReadonlySet<string> = new Set(['Add', 'AveragePool', 'Concat', 'GlobalAveragePool'])

/** Their outputs are among their first input's elements: on the same grid, whatever the elements are. */
const MOVING: ReadonlySet<string> = new Set(['Flatten', 'MaxPool', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'])

export interface QuantizedActivations {
  /** Nodes whose arithmetic becomes integer. */
  readonly nodes: ReadonlySet<Node>
  /** Value → the value whose range it has: itself, or what it was moved from. */
  readonly ranges: ReadonlyMap<string, string>
}

export function quantizedActivations(graph: Graph, types: ReadonlyMap<string, TypedShape>): QuantizedActivations {
  const constants = constantsOf(graph)
  const weights = weightsOf(graph)
  const outputs = new Set(graph.outputs.map(({ name }) => name))
  const takers = new Map<string, Node[]>()
  for (const node of graph.nodes) for (const name of node.inputs) takers.set(name, [...(takers.get(name) ?? []), node])
  const nodes = new Set<Node>()
  const summed = new Set<string>()
  const ranges = new Map<string, string>()
  const include = (name: string, from = name): void => {
    const isActivation = !constants.has(name) && types.get(name)?.dataType === DataType.FLOAT
    if (isActivation && !outputs.has(name) && !ranges.has(name)) ranges.set(name, from)
  }
  const isReluAlone = (name: string): boolean => {
    const [taker, ...others] = takers.get(name) ?? []
    return taker?.opType === 'Relu' && others.length === 0
  }
  for (const node of graph.nodes) {
    const [input = ''] = node.inputs
    const [output = ''] = node.outputs
    if (node.domain !== '') continue
    if (isInteger(node, { weights, constants })) {
      nodes.add(node)
      summed.add(output)
      for (const name of LINEAR.has(node.opType) ? [input] : node.inputs) include(name)
      if (!isReluAlone(output)) include(output)
    } else if (node.opType === 'Relu' && summed.has(input)) {
      include(output)
    } else if (MOVING.has(node.opType) && ranges.has(input)) {
      include(output, ranges.get(input))
    }
  }
  return { nodes, ranges }
}

function isInteger({ opType, inputs }: Node, { weights, constants }: Record<'weights' | 'constants', Names>): boolean {
  if (LINEAR.has(opType)) return weights.has(inputs[1] ?? '')
  // A float constant among its inputs would make the sum float.
  return ARITHMETIC.has(opType) && !inputs.some((name) => constants.has(name))
}

type Names = ReadonlyMap<string, unknown>
