/**
 * A model's training step as one ONNX graph: forward, loss, gradients and the SGD update of each parameter. State goes in and
 * comes out by name, so that any ONNX Runtime trains with it: feed `<parameter>.next` back as `<parameter>`.
 */
import { IR_VERSION, OPSET } from '../constants.js'
import { UserError } from '../errors.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { mul } from '../graph/ops/index.js'
import { DataType, type Graph, type Model, type Tensor, type ValueInfo } from '../onnx/model.js'
import { COMPOSITE_RULES } from './composite.js'
import { softmaxCrossEntropy } from './loss.js'
import { portable } from './portable/index.js'
import { gradients } from './reverse.js'

export interface TrainingStepOptions {
  /** Which output holds the logits, FLOAT [batch, classes]; by default `logits`, or the model's only output. */
  readonly logits?: string
  /** Whether the initializer of this name is trained. By default every FLOAT initializer that is not a scalar. */
  readonly trainable?: (initializer: string) => boolean
}

/** What a training step's inputs and outputs are called, beside the model's own inputs and parameters. */
export const STEP_NAMES = {
  label: 'label',
  learningRate: 'learning_rate',
  loss: 'loss',
  correct: 'correct',
  next: (parameter: string): string => `${parameter}.next`,
} as const

/**
 * The portable training step of `model`: standard operators only, dynamic batch.
 *
 * Inputs: those of the model; `label` INT64 `[batch]`; `learning_rate` FLOAT scalar; each parameter. Outputs: `loss`, the softmax
 * cross-entropy averaged over the batch, before the update; `correct`, INT64 scalar, how many rows of the batch were classified
 * rightly; `<parameter>.next` = parameter - learning_rate × gradient.
 *
 * @throws UserError where the model has no such output, no parameter, or an operator without a gradient rule.
 */
export function trainingStep(model: Model, options: TrainingStepOptions = {}): Model {
  const step = compositeTrainingStep(model, options)
  return { ...step, graph: portable(step.graph) }
}

/** The training step with the gradients' composite operators (`composite.ts`) still in it: what expansions start from. */
export function compositeTrainingStep(model: Model, options: TrainingStepOptions = {}): Model {
  const { graph } = model
  const logits = logitsName(graph, options.logits)
  const parameters = parametersOf(graph, options.trainable)
  const g = new GraphBuilder(`${graph.name} training step`, { rules: COMPOSITE_RULES })
  for (const info of graph.inputs) g.input(info)
  const batch = graph.inputs[0]?.shape[0] ?? 'batch'
  const label = g.input({ name: STEP_NAMES.label, dataType: DataType.INT64, shape: [batch] })
  const learningRate = g.input({ name: STEP_NAMES.learningRate, dataType: DataType.FLOAT, shape: [] })
  const isParameter = new Set(parameters.map(({ name }) => name))
  for (const tensor of graph.initializers) {
    if (isParameter.has(tensor.name)) g.input(parameterInput(tensor))
    else g.initializer(tensor)
  }
  for (const { opType, inputs, ...options } of graph.nodes) {
    g.node(
      opType,
      inputs.map((name) => (name === '' ? undefined : g.value(name))),
      options,
    )
  }

  const { loss, correct, logitsGradient } = softmaxCrossEntropy(g, g.value(logits), label)
  const found = gradients(g, {
    nodes: graph.nodes,
    seeds: [{ value: logits, gradient: logitsGradient }],
    wanted: parameters.map(({ name }) => name),
  })
  g.output(loss)
  g.output(correct)
  for (const { name } of parameters) g.output(updated(g, g.value(name), { gradient: found.get(name), learningRate }))
  return {
    ...model,
    irVersion: IR_VERSION,
    opsets: { '': OPSET },
    graph: withoutDeadNodes(g.graph(`Training step of ${graph.name}: forward, softmax cross-entropy, gradients, SGD`)),
  }
}

/** parameter - learning_rate × gradient; the parameter itself where the loss does not depend on it. */
function updated(
  g: GraphBuilder,
  parameter: Value,
  { gradient, learningRate }: { gradient: Value | undefined; learningRate: Value },
): Value {
  const outputs = [STEP_NAMES.next(parameter.name)]
  if (gradient === undefined) return g.op('Identity', [parameter], { outputs })
  return g.scoped(`sgd/${parameter.name}`, () => g.op('Sub', [parameter, mul(g, gradient, learningRate)], { outputs }))
}

function logitsName(graph: Graph, given: string | undefined): string {
  const names = graph.outputs.map(({ name }) => name)
  const name = given ?? (names.includes('logits') ? 'logits' : names.length === 1 ? names[0] : undefined)
  if (name !== undefined && names.includes(name)) return name
  throw new UserError(
    'INPUT',
    `model ${graph.name}: expected an output ${given ?? 'logits'}, found ${names.join(', ')}`,
  )
}

function parametersOf(graph: Graph, trainable: (name: string) => boolean = () => true): Tensor[] {
  const parameters = graph.initializers.filter(
    ({ name, dataType, dims }) => dataType === DataType.FLOAT && dims.length > 0 && trainable(name),
  )
  if (parameters.length === 0)
    throw new UserError('INPUT', `model ${graph.name}: expected parameters to train, found none`)
  return parameters
}

function parameterInput({ name, dataType, dims }: Tensor): ValueInfo {
  return { name, dataType, shape: dims }
}

/** What no output needs: forward nodes after the logits, gradients that no rule took up. */
function withoutDeadNodes(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name))
  const nodes = graph.nodes
    .toReversed()
    .filter(({ inputs, outputs }) => {
      if (!outputs.some((name) => needed.has(name))) return false
      for (const name of inputs) needed.add(name)
      return true
    })
    .reverse()
  return { ...graph, nodes, initializers: graph.initializers.filter(({ name }) => needed.has(name)) }
}
