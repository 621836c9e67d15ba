/**
 * What holds of every graph that can be run (onnx, docs/IR.md, "Graphs"): each value has one source, each node comes after those that
 * make its inputs, each output exists. Cycles are found by the second. Operators' own rules are shape inference's.
 */
import type { Graph, Node } from './model.js'

/** `outer`: whether a graph around this one has the value. Throws an Error that says what is wrong. */
export function checkGraph(graph: Graph, outer: (name: string) => boolean = () => false): void {
  const known = new Set<string>()
  const sees = (name: string): boolean => known.has(name) || outer(name)
  for (const { name } of graph.inputs) define(known, name)
  // Before IR version 4 every initializer was an input as well, its default.
  const inputs = new Set(known)
  for (const { name } of graph.initializers) if (!inputs.delete(name)) define(known, name)
  for (const node of graph.nodes) {
    const missing = node.inputs.find((name) => name !== '' && !sees(name))
    if (missing !== undefined) throw new Error(`${node.opType} ${node.name} uses ${missing} before anything makes it`)
    for (const inner of innerGraphs(node)) checkGraph(inner, sees)
    for (const name of node.outputs) if (name !== '') define(known, name)
  }
  const absent = graph.outputs.find(({ name }) => !sees(name))
  if (absent !== undefined) throw new Error(`nothing makes the output ${absent.name}`)
}

/** The graphs among a node's attributes: branches of If, bodies of Loop and Scan. */
export function innerGraphs({ attributes }: Node): readonly Graph[] {
  return Object.values(attributes).flatMap((attribute) =>
    attribute.type === 'GRAPH' ? [attribute.value] : attribute.type === 'GRAPHS' ? attribute.value : [],
  )
}

function define(known: Set<string>, name: string): void {
  if (name === '') throw new Error('a value has no name')
  if (known.has(name)) throw new Error(`two values are named ${name}`)
  known.add(name)
}
