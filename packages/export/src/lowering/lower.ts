/**
 * Lowering: a training step in composite operators (`../gradient/composite.ts`) → the same step for one batch size on one
 * CPU, in the layout and by the algorithms that are fastest there. It computes the portable step's numbers; what may differ in the
 * last bits is said by each rule. The graph is for onnxruntime's CPU provider: it uses com.microsoft operators.
 */
import { COMPOSITE_RULES } from '../gradient/composite.js'
import { PORTABLE_RULES } from '../gradient/portable/index.js'
import { rebuilt } from '../gradient/rebuild.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import {
  type InferenceRules,
  inferOutputs,
  ruleKey,
  STANDARD_RULES,
  type TypedShape,
} from '../graph/shape-inference.js'
import { withoutDeadNodes } from '../graph/without-dead-nodes.js'
import type { Graph, Model, Node, ValueInfo } from '../onnx/model.js'
import { FUSED_RULES, MICROSOFT_DOMAIN, MICROSOFT_OPSET } from './fused-ops.js'
import { Placement } from './placement.js'
import type { LoweringCall } from './rule.js'
import { LOWERING_RULES, OUTPUT_RULES } from './rules.js'

export interface LoweringOptions {
  /** Pictures a step: the lowered graph is for this number alone. */
  readonly batch: number
  /** Name of the dynamic dimension in the model's inputs. Default `batch`. */
  readonly batchDimension?: string
}

const RULES: InferenceRules = { ...STANDARD_RULES, ...COMPOSITE_RULES, ...FUSED_RULES }

/** `step` is what `compositeTrainingStep` returns; inputs and outputs keep their names, and their shapes up to the batch. */
export function lowerTrainingStep(step: Model, options: LoweringOptions): Model {
  const lowered = lowerGraph(step.graph, options)
  // What no rule took up is still composite: standard operators stand for it.
  const graph = rebuilt(lowered, PORTABLE_RULES, RULES)
  return { ...step, graph, opsets: { ...step.opsets, [MICROSOFT_DOMAIN]: MICROSOFT_OPSET } }
}

function lowerGraph(graph: Graph, { batch, batchDimension = 'batch' }: LoweringOptions): Graph {
  const types = inferredTypes(graph)
  const g = new GraphBuilder(graph.name, { rules: RULES })
  const placement = new Placement(g, types, batchDimension)
  const shared = new Map<string, Value>()
  const outputs = new Set(graph.outputs.map(({ name }) => name))
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const uses = usesOf(graph)

  for (const info of graph.inputs)
    placement.place(info.name, g.input(withBatch(info, batchDimension, batch)), 'original')
  for (const tensor of graph.initializers) placement.place(tensor.name, g.initializer(tensor), 'original')
  for (const node of graph.nodes) {
    const isOutput = node.outputs.some((name) => outputs.has(name))
    const rule = (isOutput ? OUTPUT_RULES : LOWERING_RULES)[ruleKey(node)]
    const call: LoweringCall = {
      g,
      node,
      batch,
      type: (index) => placement.type(node.inputs[index] ?? ''),
      isBatched: (index) => placement.isBatched(node.inputs[index] ?? ''),
      original: (index) => placement.original(node.inputs[index] ?? ''),
      batchLast: (index, rank) => placement.batchLast(node.inputs[index] ?? '', rank),
      outputShape: placement.type(node.outputs[0] ?? '').shape,
      isOutputBatched: placement.isBatched(node.outputs[0] ?? ''),
      typeOf: (name) => placement.type(name),
      isBatchedValue: (name) => placement.isBatched(name),
      originalOf: (name) => placement.original(name),
      batchLastOf: (name) => placement.batchLast(name),
      onlyProducer: (name) => (uses.get(name) === 1 ? producers.get(name) : undefined),
      hasInput: (index) => (node.inputs[index] ?? '') !== '',
      shared: (key, make) => remembered(shared, key, make),
    }
    const made = rule === undefined ? undefined : g.scoped(node.name, () => rule(call))
    if (made !== undefined) placement.place(node.outputs[0] ?? '', made.value, made.layout)
    else for (const [name, value] of copied(g, node, placement)) placement.place(name, value, 'original')
  }
  for (const { name } of graph.outputs) g.output(placement.original(name))
  return withoutDeadNodes(g.graph(graph.docString))
}

/** The node as it is, in the original layout. */
function copied(g: GraphBuilder, node: Node, placement: Placement): [string, Value][] {
  const { opType, name, domain, attributes, outputs } = node
  const inputs = node.inputs.map((input) => (input === '' ? undefined : placement.original(input)))
  const values = g.node(opType, inputs, { name, domain, attributes, outputs })
  return outputs.flatMap((output, index) =>
    output === '' ? [] : [[output, values[index] as Value] as [string, Value]],
  )
}

/** How often each value is taken, as an output of the graph too. */
function usesOf({ nodes, outputs }: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  for (const name of [...nodes.flatMap(({ inputs }) => inputs), ...outputs.map((output) => output.name)]) {
    uses.set(name, (uses.get(name) ?? 0) + 1)
  }
  return uses
}

/** Types and shapes of all values of a graph. */
function inferredTypes(graph: Graph): ReadonlyMap<string, TypedShape> {
  const types = new Map<string, TypedShape>()
  for (const { name, dataType, shape } of graph.inputs) types.set(name, { dataType, shape })
  for (const tensor of graph.initializers)
    types.set(tensor.name, { dataType: tensor.dataType, shape: tensor.dims, constant: tensor })
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : types.get(name)))
    const inferred = inferOutputs(node, inputs, RULES)
    for (const [index, name] of node.outputs.entries()) if (name !== '') types.set(name, inferred[index] as TypedShape)
  }
  return types
}

function withBatch(info: ValueInfo, dimension: string, batch: number): ValueInfo {
  return { ...info, shape: info.shape.map((dim) => (dim === dimension ? batch : dim)) }
}

function remembered(cache: Map<string, Value>, key: string, make: () => Value): Value {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  return made
}
