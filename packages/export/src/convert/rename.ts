/** Gives a graph's outputs their names for the outside: a builder can't, as it names a value when its node is made. */
import { UserError } from '../errors.js'
import type { Graph } from '../onnx/model.js'

/** The graph with its outputs, in order, called `names`, wherever they are used. */
export function renamedOutputs(graph: Graph, names: readonly string[]): Graph {
  const renames = new Map(graph.outputs.map(({ name }, index) => [name, names[index] ?? name]))
  const taken = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.map(({ name }) => name),
    ...graph.nodes.flatMap(({ outputs }) => outputs).filter((name) => !renames.has(name)),
  ])
  for (const name of renames.values()) {
    if (name === '' || taken.has(name)) {
      throw new UserError('USAGE', `output names: expected each to be unique in the graph, found ${name} twice`)
    }
    taken.add(name)
  }
  const renamed = (name: string): string => renames.get(name) ?? name
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(renamed),
      outputs: node.outputs.map(renamed),
    })),
    outputs: graph.outputs.map((output) => ({ ...output, name: renamed(output.name) })),
  }
}
