/** A graph built again node by node, some of its nodes in other words. */
import { GraphBuilder, type Value } from '../graph/builder.js'
import { type InferenceRules, ruleKey } from '../graph/shape-inference.js'
import type { Graph, Node } from '../onnx/model.js'

export interface Expansion {
  readonly g: GraphBuilder
  readonly node: Node
  readonly inputs: readonly (Value | undefined)[]
}

/** Builds what stands for the node and returns its outputs. */
export type ExpansionRule = (expansion: Expansion) => Value | readonly Value[]

/**
 * `graph` with each node that `rules` has (by op type, or `domain.OpType`) replaced by what its rule builds; the others are
 * copied. Inputs, outputs and initializers keep their names.
 */
export function rebuilt(
  graph: Graph,
  rules: Readonly<Record<string, ExpansionRule>>,
  inference: InferenceRules = {},
): Graph {
  const g = new GraphBuilder(graph.name, { rules: inference })
  const values = new Map<string, Value>()
  for (const info of graph.inputs) values.set(info.name, g.input(info))
  for (const tensor of graph.initializers) values.set(tensor.name, g.initializer(tensor))
  const outputNames = new Set(graph.outputs.map(({ name }) => name))
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : values.get(name)))
    const rule = rules[ruleKey(node)]
    if (rule === undefined) {
      const { name, domain, attributes, outputs } = node
      for (const value of g.node(node.opType, inputs, { name, domain, attributes, outputs }))
        values.set(value.name, value)
      continue
    }
    if (node.outputs.some((name) => outputNames.has(name))) {
      throw new Error(`internal: ${node.opType} ${node.name} yields an output of the graph, whose name would be lost`)
    }
    const made = g.scoped(node.name, () => rule({ g, node, inputs }))
    for (const [index, value] of ('name' in made ? [made] : made).entries()) {
      const name = node.outputs[index]
      if (name !== undefined) values.set(name, value)
    }
  }
  for (const { name } of graph.outputs) g.output(values.get(name) as Value)
  return g.graph(graph.docString)
}
