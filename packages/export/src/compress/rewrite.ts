/** Constants of a graph made anew by nodes: whoever took the constant takes what the nodes yield, under the same name. */

import { captures } from '../graph/captures.js'
import type { Graph, Node, Tensor } from '../onnx/model.js'

/** What stands for one constant. */
export interface Stored {
  readonly initializers: readonly Tensor[]
  /** The last yields a value of the constant's name; empty where nothing takes that any more. */
  readonly nodes: readonly Node[]
}

/** The nodes that make the values come first: what they take are constants. Initializers that nothing takes are left out. */
export function withStored(graph: Graph, stored: ReadonlyMap<string, Stored>): Graph {
  const nodes = [...[...stored.values()].flatMap((each) => each.nodes), ...graph.nodes]
  const initializers = graph.initializers.flatMap((tensor) => stored.get(tensor.name)?.initializers ?? [tensor])
  return withoutUnused({ ...graph, nodes, initializers })
}

export function withoutUnused(graph: Graph): Graph {
  const taken = new Set([
    ...graph.nodes.flatMap((node) => [...node.inputs, ...captures(node)]),
    ...[...graph.inputs, ...graph.outputs].map(({ name }) => name),
  ])
  return { ...graph, initializers: graph.initializers.filter(({ name }) => taken.has(name)) }
}
