/**
 * A model's forward pass as it is in training: Dropout drops, BatchNormalization normalises with the batch's statistics and moves
 * the running ones. Every other node is copied.
 */
import { UserError } from '../errors.js'
import { floatAttribute, intAttribute } from '../graph/attributes.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import { add, div, max, mul, sub } from '../graph/ops/index.js'
import { ruleKey } from '../graph/shape-inference.js'
import { DataType, type Graph, type Node } from '../onnx/model.js'
import { floatValues } from '../onnx/tensor.js'
import { batchMean, batchNormalize, batchVariance, countPerChannel, epsilonOf } from './batch-normalization.js'
import { type DropoutInputs, type DropoutLayer, dropoutMaskOf } from './dropout.js'

export interface TrainingForward {
  /** The value of each moved running statistic after the step, by the statistic's name: adds the nodes that compute it. */
  readonly nextStatistics: ReadonlyMap<string, (output: string) => Value>
}

export interface TrainingForwardOptions {
  readonly isStatistic: (name: string) => boolean
  /** The step's seed, INT64 scalar: given if the graph has a Dropout that drops. */
  readonly seed: Value | undefined
  /** Of a part of a batch: how many rows of the batch come before its own, INT64 scalar. */
  readonly firstRow?: Value | undefined
}

export interface NormalizationWeights {
  /** scale, bias, running mean, running variance: names of initializers. */
  readonly all: readonly string[]
  readonly statistics: readonly string[]
}

/** What each BatchNormalization node of the graph takes. */
export function normalizationWeights({ nodes }: Graph): readonly NormalizationWeights[] {
  return nodes
    .filter((node) => ruleKey(node) === 'BatchNormalization')
    .map(({ inputs }) => ({ all: inputs.slice(1, 5), statistics: inputs.slice(3, 5) }))
}

/** Whether the graph has a Dropout that drops anything. */
export function hasDropout(graph: Graph): boolean {
  return graph.nodes.some((node) => ruleKey(node) === 'Dropout' && dropoutRatio(graph, node) > 0)
}

/** Adds the graph's nodes to `g`, which has its inputs and initializers already. */
export function trainingForward(
  g: GraphBuilder,
  graph: Graph,
  { isStatistic, seed, firstRow }: TrainingForwardOptions,
): TrainingForward {
  const updates = new Map<string, StatisticUpdate[]>()
  let dropouts = 0
  for (const node of graph.nodes) {
    const key = ruleKey(node)
    const [, , , mean = '', variance = ''] = node.inputs
    if (key === 'BatchNormalization' && isStatistic(mean) && isStatistic(variance)) {
      for (const update of normalized(g, node)) updates.set(update.name, [...(updates.get(update.name) ?? []), update])
    } else if (key === 'Dropout' && seed !== undefined && dropoutRatio(graph, node) > 0) {
      dropped(g, node, { layer: dropouts++, ratio: dropoutRatio(graph, node), seed, firstRow })
    } else if (key === 'Dropout' && dropoutRatio(graph, node) === 0) passedOn(g, node)
    else copied(g, node)
  }
  return { nextStatistics: new Map([...updates].map(([name, list]) => [name, (output) => moved(g, list, output)])) }
}

function copied(g: GraphBuilder, { opType, inputs, ...options }: Node): void {
  const values = inputs.map((name) => (name === '' ? undefined : g.value(name)))
  g.node(opType, values, options)
}

/** A Dropout that drops nothing. */
function passedOn(g: GraphBuilder, { name, inputs, outputs }: Node): void {
  g.node('Identity', [g.value(inputs[0] ?? '')], { name, outputs: outputs.slice(0, 1) })
}

interface StatisticUpdate {
  readonly name: string
  readonly momentum: number
  /** Of the batch. */
  readonly value: () => Value
}

function normalized(g: GraphBuilder, node: Node): StatisticUpdate[] {
  const { name, outputs } = node
  if (intAttribute(node, 'training_mode', 0) === 1) {
    throw new UserError(
      'UNSUPPORTED',
      `node ${name}: expected BatchNormalization in inference form, found training_mode 1`,
    )
  }
  const [x, scale, bias] = node.inputs.map((input) => g.value(input)) as [Value, Value, Value]
  const [mean, variance] = g.scoped(name, () => {
    const batch = batchMean(g, x)
    return [batch, batchVariance(g, x, batch)] as const
  })
  batchNormalize(g, { x, scale, bias, mean, variance }, { name, outputs, epsilon: epsilonOf(node) })
  const momentum = floatAttribute(node, 'momentum', 0.9)
  const [, , , meanName = '', varianceName = ''] = node.inputs
  return [
    { name: meanName, momentum, value: () => mean },
    { name: varianceName, momentum, value: () => unbiased(g, variance, x) },
  ]
}

/** variance · m / (m - 1), as PyTorch's running variance has it; tfjs keeps the biased one. Of a single number it is 0. */
function unbiased(g: GraphBuilder, variance: Value, x: Value): Value {
  const one = g.scalar(1, 'one')
  const count = countPerChannel(g, x)
  return mul(g, variance, div(g, count, max(g, sub(g, count, one), one)))
}

/** momentum · running + (1 - momentum) · batch, once for each time that the layer is called. */
function moved(g: GraphBuilder, updates: readonly StatisticUpdate[], output: string): Value {
  return updates.reduce(
    (running, { name, momentum, value }, index) => {
      const options = index === updates.length - 1 ? { outputs: [output] } : {}
      return g.scoped(`statistics/${name}`, () => {
        const kept = mul(g, running, g.scalar(momentum, 'momentum'))
        const fresh = mul(g, value(), g.scalar(1 - momentum, 'one_minus_momentum'))
        return index === updates.length - 1 ? g.op('Add', [kept, fresh], options) : add(g, kept, fresh)
      })
    },
    g.value(updates[0]?.name ?? ''),
  )
}

function dropped(
  g: GraphBuilder,
  { name, inputs, outputs }: Node,
  { layer, ratio, ...random }: DropoutLayer & DropoutInputs,
): void {
  const x = g.value(inputs[0] ?? '')
  const mask = g.scoped(name, () => dropoutMaskOf(g, [x, random], { layer, ratio }))
  if (outputs.length > 1 && outputs[1] !== '') {
    throw new UserError('UNSUPPORTED', `node ${name}: expected a Dropout of one output, found its mask in use`)
  }
  g.node('Mul', [x, mask], { name, outputs: outputs.slice(0, 1) })
}

/** The second input, which must be a constant; 0.5 where it is left out. */
function dropoutRatio({ initializers }: Graph, { name, inputs }: Node): number {
  const [, given = ''] = inputs
  if (given === '') return 0.5
  const tensor = initializers.find((initializer) => initializer.name === given)
  const ratio = tensor?.dataType === DataType.FLOAT ? floatValues(tensor)[0] : undefined
  if (ratio !== undefined && ratio >= 0 && ratio < 1) return ratio
  throw new UserError(
    'INPUT',
    `node ${name}: expected a constant FLOAT ratio from 0 to below 1, found ${ratio ?? given}`,
  )
}
