/** A graph without what none of its outputs needs. */
import type { Graph } from '../onnx/model.js'
import { captures } from './captures.js'

/** `graph`, its nodes in topological order, without the nodes and initializers that no output depends on. Its inputs stay. */
export function withoutDeadNodes(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name))
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => needed.has(name))) return false
      for (const name of [...node.inputs, ...captures(node)]) needed.add(name)
      return true
    })
    .reverse()
  return { ...graph, nodes, initializers: graph.initializers.filter(({ name }) => needed.has(name)) }
}
