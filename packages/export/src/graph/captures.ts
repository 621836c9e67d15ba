/** What the graphs in a node's attributes (the body of a Scan, the branches of an If) take from the graph around them. */
import { innerGraphs } from '../onnx/check.js'
import type { Attribute, Graph, Node } from '../onnx/model.js'

/** Names of the outer values that the inner graphs of `node` take. */
export function captures(node: Node): readonly string[] {
  const graphs = innerGraphs(node)
  return graphs.length === 0 ? [] : [...new Set(graphs.flatMap(outerNames))]
}

function outerNames(graph: Graph): readonly string[] {
  const known = definitions(graph)
  const used = [
    ...graph.nodes.flatMap((node) => [...node.inputs, ...captures(node)]),
    ...graph.outputs.map(({ name }) => name),
  ]
  return used.filter((name) => name !== '' && !known.has(name))
}

function definitions({ inputs, initializers, nodes }: Graph): ReadonlySet<string> {
  return new Set([
    ...inputs.map(({ name }) => name),
    ...initializers.map(({ name }) => name),
    ...nodes.flatMap(({ outputs }) => outputs),
  ])
}

/** The node with the outer value `from` called `to` in its inner graphs. */
export function renamedCaptures(node: Node, from: string, to: string): Node {
  if (!captures(node).includes(from)) return node
  const attributes = Object.entries(node.attributes).map(([key, attribute]) => [key, renamed(attribute, from, to)])
  return { ...node, attributes: Object.fromEntries(attributes) as Node['attributes'] }
}

function renamed(attribute: Attribute, from: string, to: string): Attribute {
  if (attribute.type === 'GRAPH') return { ...attribute, value: renamedGraph(attribute.value, from, to) }
  if (attribute.type === 'GRAPHS')
    return { ...attribute, value: attribute.value.map((graph) => renamedGraph(graph, from, to)) }
  return attribute
}

function renamedGraph(graph: Graph, from: string, to: string): Graph {
  if (definitions(graph).has(from)) return graph
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...renamedCaptures(node, from, to),
      inputs: node.inputs.map((input) => (input === from ? to : input)),
    })),
    outputs: graph.outputs.map((output) => (output.name === from ? { ...output, name: to } : output)),
  }
}
