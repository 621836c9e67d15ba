/** A model in figures: for each node what it yields, how many parameters it has, what it costs; and the totals. */
import type { TypedShape } from '../graph/shape-inference.js'
import { tensorBytes } from '../onnx/deferred-tensor.js'
import type { Dimension, Model, Node } from '../onnx/model.js'
import { flopsOf } from './flops.js'
import { dataTypeName, valueTypes } from './types.js'
import { weightsOfInput } from './weight-count.js'

export interface SummaryRow {
  readonly name: string
  /** The op type, after its domain and a point where that is not ai.onnx. */
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly {
    readonly name: string
    readonly dataType: string | null
    readonly shape: readonly Dimension[] | null
  }[]
  /** Elements of the weights that this node is the first to use. */
  readonly parameters: number
  /** Bytes of all constants that this node is the first to use. */
  readonly bytes: number
  /** Floating-point operations for a batch of one, a multiplication and an addition counted as two; null: not known. */
  readonly flops: number | null
}

export interface ModelSummary {
  readonly name: string
  readonly rows: readonly SummaryRow[]
  readonly totals: {
    readonly nodes: number
    readonly parameters: number
    /** Bytes of all initializers. */
    readonly bytes: number
    /** Of the nodes whose cost is known. */
    readonly flops: number
    /** How many nodes have no known cost. */
    readonly uncounted: number
  }
}

export function modelSummary({ graph }: Model): ModelSummary {
  const types = valueTypes(graph)
  const costTypes = valueTypes(graph, { batch: 1 })
  const unused = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]))
  const rows = graph.nodes.map((node): SummaryRow => {
    let parameters = 0
    let bytes = 0
    for (const [index, name] of node.inputs.entries()) {
      const tensor = unused.get(name)
      if (tensor === undefined) continue
      unused.delete(name)
      bytes += tensorBytes(tensor).byteLength
      parameters += weightsOfInput(node, index, tensor)
    }
    const typesOf = (names: readonly string[]): (TypedShape | undefined)[] => names.map((name) => costTypes.get(name))
    return {
      name: node.name,
      op: opText(node),
      inputs: node.inputs,
      outputs: node.outputs.map((name) => {
        const type = types.get(name)
        return { name, dataType: type === undefined ? null : dataTypeName(type.dataType), shape: type?.shape ?? null }
      }),
      parameters,
      bytes,
      flops: flopsOf(node, typesOf(node.inputs), typesOf(node.outputs)) ?? null,
    }
  })
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  return {
    name: graph.name,
    rows,
    totals: {
      nodes: rows.length,
      parameters: sum(rows.map(({ parameters }) => parameters)),
      bytes: sum(graph.initializers.map((tensor) => tensorBytes(tensor).byteLength)),
      flops: sum(rows.map(({ flops }) => flops ?? 0)),
      uncounted: rows.filter(({ flops }) => flops === null).length,
    },
  }
}

export function opText({ domain, opType }: Pick<Node, 'domain' | 'opType'>): string {
  return domain === '' ? opType : `${domain}.${opType}`
}
