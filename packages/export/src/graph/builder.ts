/**
 * Builds a graph node by node. Every value knows its data type and shape from the moment it exists: each node's outputs
 * are inferred as it is added, so that a wrong shape is found where it was made.
 */
import type { Attribute, Attributes, Graph, Node, Tensor, ValueInfo } from '../onnx/model.js'
import { floatTensor, int64Tensor } from '../onnx/tensor.js'
import { type InferenceRules, inferOutputs, STANDARD_RULES, type TypedShape } from './shape-inference.js'

/** A value of the graph under construction. */
export interface Value extends TypedShape {
  readonly name: string
}

export interface NodeOptions {
  /** The node's name; by default the scope, a slash and the op type, made unique. */
  readonly name?: string
  readonly domain?: string
  readonly attributes?: Readonly<Record<string, Attribute | undefined>>
  /** Names of the outputs, or how many there are; by default one, named after the node. */
  readonly outputs?: number | readonly string[]
}

export const int = (value: number): Attribute => ({ type: 'INT', value })
export const ints = (value: readonly number[]): Attribute => ({ type: 'INTS', value })
export const float = (value: number): Attribute => ({ type: 'FLOAT', value })
export const string = (value: string): Attribute => ({ type: 'STRING', value })

export class GraphBuilder {
  readonly #name: string
  readonly #rules: InferenceRules
  readonly #nodes: Node[] = []
  readonly #inputs: ValueInfo[] = []
  readonly #outputs: ValueInfo[] = []
  readonly #initializers: Tensor[] = []
  readonly #values = new Map<string, Value>()
  readonly #nodeNames = new Set<string>()
  readonly #constants = new Map<string, Value>()
  #scope = ''

  /** `rules` adds inference rules for operators of other domains than ai.onnx. */
  constructor(name: string, { rules = {} }: { rules?: InferenceRules } = {}) {
    this.#name = name
    this.#rules = { ...STANDARD_RULES, ...rules }
  }

  /** Runs `build` with nodes and constants named `scope/…`. Scopes nest. */
  scoped<T>(scope: string, build: () => T): T {
    const outer = this.#scope
    this.#scope = outer === '' ? scope : `${outer}/${scope}`
    try {
      return build()
    } finally {
      this.#scope = outer
    }
  }

  /** A graph input. */
  input(info: ValueInfo): Value {
    this.#inputs.push(info)
    return this.#define({ name: info.name, dataType: info.dataType, shape: info.shape })
  }

  /** A named constant of the graph: a weight. */
  initializer(tensor: Tensor): Value {
    this.#initializers.push(tensor)
    return this.#define({ name: tensor.name, dataType: tensor.dataType, shape: tensor.dims, constant: tensor })
  }

  /** An unnamed constant; equal ones become one initializer. `name` says what the first of them is for. */
  constant(tensor: Tensor): Value {
    const key = `${tensor.dataType}:${tensor.dims.join(',')}:${latin1(tensor.data)}`
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const scoped = this.#scope === '' ? tensor.name : `${this.#scope}/${tensor.name}`
    const value = this.initializer({ ...tensor, name: unique(scoped, (name) => this.#values.has(name)) })
    this.#constants.set(key, value)
    return value
  }

  /** An INT64 constant of one dimension: a shape, axes, pads. */
  int64s(values: readonly number[], name = 'int64s'): Value {
    return this.constant(int64Tensor(name, [values.length], values))
  }

  /** A FLOAT scalar. */
  scalar(value: number, name = 'scalar'): Value {
    return this.constant(floatTensor(name, [], [value]))
  }

  /** Adds a node and returns its outputs, their types and shapes inferred. `undefined` leaves an optional input out. */
  node(opType: string, inputs: readonly (Value | undefined)[], options: NodeOptions = {}): Value[] {
    const base = options.name ?? (this.#scope === '' ? opType : `${this.#scope}/${opType}`)
    const name = unique(base, (candidate) => this.#nodeNames.has(candidate))
    const { domain = '', outputs = 1 } = options
    const outputNames =
      typeof outputs === 'number'
        ? Array.from({ length: outputs }, (_, index) =>
            unique(index === 0 ? `${name}.out` : `${name}.out${index}`, (candidate) => this.#values.has(candidate)),
          )
        : outputs
    const node: Node = {
      name,
      opType,
      domain,
      inputs: trimmed(inputs.map((input) => input?.name ?? '')),
      outputs: outputNames,
      attributes: defined(options.attributes ?? {}),
    }
    const inferred = inferOutputs(node, inputs, this.#rules)
    this.#nodeNames.add(name)
    this.#nodes.push(node)
    return outputNames.map((outputName, index) => {
      const output = inferred[index]
      if (output === undefined) throw new Error(`internal: ${opType} ${name}: no inferred type for output ${index}`)
      return this.#define({ ...output, name: outputName })
    })
  }

  /** A node with exactly one output. */
  op(opType: string, inputs: readonly (Value | undefined)[], options: NodeOptions = {}): Value {
    const [output] = this.node(opType, inputs, options)
    if (output === undefined) throw new Error(`internal: ${opType}: no output`)
    return output
  }

  /** Declares `value` a graph output. A value cannot be renamed afterwards: name it where its node is made. */
  output(value: Value, extra: Pick<ValueInfo, 'denotation' | 'dimensionDenotations'> = {}): void {
    this.#outputs.push({ name: value.name, dataType: value.dataType, shape: value.shape, ...extra })
  }

  /** The value of that name; throws where there is none. */
  value(name: string): Value {
    const value = this.#values.get(name)
    if (value === undefined) throw new Error(`internal: graph ${this.#name}: no value named ${name}`)
    return value
  }

  /** The graph as built so far. */
  graph(docString = ''): Graph {
    return {
      name: this.#name,
      docString,
      nodes: [...this.#nodes],
      initializers: [...this.#initializers],
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      valueInfos: [],
    }
  }

  #define(value: Value): Value {
    if (value.name !== '' && this.#values.has(value.name)) {
      throw new Error(`internal: graph ${this.#name}: two values named ${value.name}`)
    }
    this.#values.set(value.name, value)
    return value
  }
}

function unique(base: string, taken: (name: string) => boolean): string {
  if (!taken(base)) return base
  for (let suffix = 2; ; suffix++) if (!taken(`${base}_${suffix}`)) return `${base}_${suffix}`
}

/** Optional inputs left out at the end are not written at all. */
function trimmed(names: readonly string[]): readonly string[] {
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1)
}

function defined(attributes: Readonly<Record<string, Attribute | undefined>>): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, Attribute] => entry[1] !== undefined),
  )
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
