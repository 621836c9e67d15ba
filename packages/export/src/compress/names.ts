/** Names of values, initializers and nodes that are added to a graph: none twice. */
import type { Graph } from '../onnx/model.js'

export class Names {
  readonly #taken: Set<string>

  constructor(graph: Graph) {
    this.#taken = new Set([
      ...graph.inputs.map(({ name }) => name),
      ...graph.initializers.map(({ name }) => name),
      ...graph.nodes.flatMap(({ name, outputs }) => [name, ...outputs]),
    ])
  }

  /** `base`, or with the first suffix that makes it new. */
  add(base: string): string {
    let name = base
    for (let suffix = 2; this.#taken.has(name); suffix++) name = `${base}_${suffix}`
    this.#taken.add(name)
    return name
  }
}
