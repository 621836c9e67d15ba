/** What a pass is: a pure function of a graph that computes the same numbers with less work. */
import type { Graph, Node } from '../onnx/model.js'
import { GraphEdit } from './graph-edit.js'

export interface PassResult {
  readonly graph: Graph
  /** Names of the nodes that were rewritten. */
  readonly rewritten: readonly string[]
  /** The nodes that looked like candidates and stayed, each with its reason. */
  readonly kept: readonly { readonly node: string; readonly reason: string }[]
}

export interface Pass {
  /** The name by which `without` leaves it out. */
  readonly name: string
  /** Its algebra, in one line. */
  readonly rewrite: string
  /** Why it stands where it stands in the list. */
  readonly order: string
  /** Whether every weight stays an initializer of its own, with its values: then a graph to be trained may have it too. */
  readonly keepsWeights: boolean
  run(graph: Graph): PassResult
}

/**
 * The usual shape of a pass: `rewrite` looks at each node in turn and returns `true` where it rewrote it, a reason where a
 * candidate stays, and `false` for a node that does not concern it.
 */
export function eachNode(rewrite: (edit: GraphEdit, node: Node) => boolean | string): (graph: Graph) => PassResult {
  return (graph) => {
    const edit = new GraphEdit(graph)
    const rewritten: string[] = []
    const kept: { node: string; reason: string }[] = []
    for (const node of edit.walk()) {
      const result = rewrite(edit, node)
      if (result === true) rewritten.push(node.name)
      else if (typeof result === 'string') kept.push({ node: node.name, reason: result })
    }
    return { graph: edit.finish(), rewritten, kept }
  }
}
