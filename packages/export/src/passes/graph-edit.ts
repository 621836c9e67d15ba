/**
 * A graph while a pass rewrites it: who makes and who takes each value, and the changes so far. `finish` gives the new graph
 * without the nodes and initializers that nothing takes any more. The graph that it began with stays as it was.
 */

import { captures, renamedCaptures } from '../graph/captures.js'
import { withoutDeadNodes } from '../graph/without-dead-nodes.js'
import { renamedTensor } from '../onnx/deferred-tensor.js'
import type { Graph, Node, Tensor } from '../onnx/model.js'

export class GraphEdit {
  readonly #graph: Graph
  /** The nodes in topological order; undefined where one was removed. */
  readonly #slots: (Node | undefined)[]
  readonly #slotOf = new Map<Node, number>()
  readonly #producers = new Map<string, Node>()
  readonly #consumers = new Map<string, Set<Node>>()
  readonly #initializers: Map<string, Tensor>
  readonly #outputs: ReadonlySet<string>
  readonly #inputs: ReadonlySet<string>

  constructor(graph: Graph) {
    this.#graph = graph
    this.#slots = [...graph.nodes]
    this.#initializers = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]))
    this.#inputs = new Set(graph.inputs.map(({ name }) => name))
    this.#outputs = new Set(graph.outputs.map(({ name }) => name))
    for (const [slot, node] of graph.nodes.entries()) this.#link(node, slot)
  }

  /** The nodes at this moment, in topological order. */
  get nodes(): readonly Node[] {
    return this.#slots.filter((node) => node !== undefined)
  }

  /** The nodes in topological order, each as it is when its turn comes. */
  *walk(): Generator<Node> {
    for (let slot = 0; slot < this.#slots.length; slot++) {
      const node = this.#slots[slot]
      if (node !== undefined) yield node
    }
  }

  producer(value: string): Node | undefined {
    return this.#producers.get(value)
  }

  consumers(value: string): readonly Node[] {
    return [...(this.#consumers.get(value) ?? [])]
  }

  isOutput(value: string): boolean {
    return this.#outputs.has(value)
  }

  /** The constant of that name; a graph input with a default value is no constant. */
  constant(value: string | undefined): Tensor | undefined {
    return value === undefined || this.#inputs.has(value) ? undefined : this.#initializers.get(value)
  }

  /** Whether `node` alone takes `value`, and the graph does not give it out. */
  isOnlyFor(value: string, node: Node): boolean {
    const consumers = this.#consumers.get(value)
    return !this.isOutput(value) && consumers?.size === 1 && consumers.has(node)
  }

  /** Puts `next` where `node` is; its outputs may be others. */
  replace(node: Node, next: Node): void {
    const slot = this.#unlink(node)
    this.#slots[slot] = next
    this.#link(next, slot)
  }

  remove(node: Node): void {
    this.#slots[this.#unlink(node)] = undefined
  }

  /** Frees the name of a constant that nothing takes any more. */
  release(name: string): void {
    if (!this.isOutput(name) && this.consumers(name).length === 0) this.#initializers.delete(name)
  }

  /** Adds a constant under a name not yet taken, `name` if it is free, and returns the name. */
  add(tensor: Tensor): string {
    let name = tensor.name
    for (let suffix = 2; this.#isTaken(name); suffix++) name = `${tensor.name}_${suffix}`
    this.#initializers.set(name, renamedTensor(tensor, name))
    return name
  }

  /** Lets every taker of `from` take `to` instead. The graph's outputs keep their names: `from` must not be one. */
  redirect(from: string, to: string): void {
    if (this.isOutput(from)) throw new Error(`internal: value ${from} is an output of the graph and keeps its name`)
    for (const node of this.consumers(from)) {
      const renamed = renamedCaptures(node, from, to)
      this.replace(node, { ...renamed, inputs: node.inputs.map((input) => (input === from ? to : input)) })
    }
  }

  finish(): Graph {
    return withoutDeadNodes({ ...this.#graph, nodes: this.nodes, initializers: [...this.#initializers.values()] })
  }

  #isTaken(name: string): boolean {
    return this.#initializers.has(name) || this.#producers.has(name) || this.#inputs.has(name)
  }

  #link(node: Node, slot: number): void {
    this.#slotOf.set(node, slot)
    for (const output of node.outputs) this.#producers.set(output, node)
    for (const input of taken(node)) {
      const consumers = this.#consumers.get(input)
      if (consumers === undefined) this.#consumers.set(input, new Set([node]))
      else consumers.add(node)
    }
  }

  #unlink(node: Node): number {
    const slot = this.#slotOf.get(node)
    if (slot === undefined) throw new Error(`internal: node ${node.name} is not in the graph any more`)
    this.#slotOf.delete(node)
    for (const output of node.outputs) this.#producers.delete(output)
    for (const input of taken(node)) this.#consumers.get(input)?.delete(node)
    return slot
  }
}

/** The values that a node takes: its inputs, and what the graphs in its attributes take from outside. */
function taken(node: Node): readonly string[] {
  const captured = captures(node)
  return captured.length === 0 ? node.inputs : [...node.inputs, ...captured]
}
