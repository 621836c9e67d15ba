/**
 * A model's training step as one ONNX graph: forward, loss, gradients and the update of each parameter. State goes in and comes
 * out by name, so that any ONNX Runtime trains with it: feed `<name>.next` back as `<name>`.
 *
 * Inputs
 * - those of the model, the batch dynamic;
 * - `label`: INT64 `[batch]` for softmax cross-entropy, else FLOAT of the output's shape;
 * - `learning_rate`: FLOAT scalar;
 * - `seed`: INT64 scalar, only if the model has Dropout: the masks of a step are a function of it alone (`dropout.ts`), so give
 *   every step another one;
 * - `first_row`: INT64 scalar, only with the option `firstRow`: how many of the batch's rows come before this part's;
 * - each parameter and running statistic under its own name;
 * - the optimiser's state: `<parameter>.momentum`, or `<parameter>.adam_m`, `<parameter>.adam_v` and `step` (INT64 scalar, steps
 *   done so far); all begin at 0.
 *
 * Outputs
 * - `loss`: FLOAT scalar, averaged over the batch, before the update;
 * - `correct`: INT64 scalar, how many rows were right (not for the mean squared error);
 * - `<name>.next` for each parameter, running statistic and piece of state. A convolution's bias below a BatchNormalization, whose
 *   gradient is 0, stays as it is.
 *
 * Running statistics move by BatchNormalization's own momentum (0.9 is PyTorch's 0.1): running' = momentum · running +
 * (1 - momentum) · batch, with the batch's unbiased variance as in PyTorch (tfjs takes the biased one).
 */
import { IR_VERSION, OPSET } from '../constants.js'
import { UserError } from '../errors.js'
import { intAttribute } from '../graph/attributes.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { div } from '../graph/ops/index.js'
import { ruleKey } from '../graph/shape-inference.js'
import { withoutDeadNodes } from '../graph/without-dead-nodes.js'
import { DataType, type Graph, type Model, type Tensor } from '../onnx/model.js'
import { elementCount } from '../onnx/tensor.js'
import { COMPOSITE_RULES } from './composite.js'
import { LOSSES, type LossFunction, type LossName } from './loss.js'
import { type Hyperparameters, hyperparametersOf, OPTIMIZERS, type Optimizer, type OptimizerName } from './optimizer.js'
import { portable } from './portable/index.js'
import { gradients } from './reverse.js'
import { hasDropout, normalizationWeights, trainingForward } from './training-forward.js'
import { zeroGradients } from './zero-gradients.js'

export interface TrainingStepOptions {
  /** Which output the loss is of; by default `logits`, or the model's only output. */
  readonly logits?: string
  /**
   * Whether the initializer of this name is trained. By default every FLOAT initializer that is not a scalar. A frozen parameter
   * stays a constant of the graph and costs no gradient; a BatchNormalization of which nothing is trained (scale, bias, running
   * mean, running variance) normalises with its running statistics, as in inference.
   */
  readonly trainable?: (initializer: string) => boolean
  /** Default `softmax-cross-entropy`. */
  readonly loss?: LossName
  /** Default `sgd`. */
  readonly optimizer?: OptimizerName
  readonly hyperparameters?: Hyperparameters
  /**
   * For micro-batches: instead of updating, the step gives `<parameter>.gradient`, the gradient of the loss **summed** over its
   * rows, and `loss` summed too; it has no `learning_rate` and no optimiser's state. Add these up over the parts of a batch, then
   * run `updateStep`. Running statistics move with every part, by the part's own statistics. Default false.
   */
  readonly gradients?: boolean
  /**
   * For micro-batches of a model with Dropout: the step has the input `first_row` (INT64 scalar), how many of the batch's rows come
   * before this part's, and drops what a step of the whole batch would. Default false.
   */
  readonly firstRow?: boolean
}

/** What a training step's inputs and outputs are called, beside the model's own inputs and parameters. */
export const STEP_NAMES = {
  label: 'label',
  learningRate: 'learning_rate',
  seed: 'seed',
  firstRow: 'first_row',
  step: 'step',
  /** Of `updateStep`: how many rows the gradients were summed over. */
  count: 'count',
  loss: 'loss',
  correct: 'correct',
  next: (name: string): string => `${name}.next`,
  gradient: (parameter: string): string => `${parameter}.gradient`,
  state: (parameter: string, suffix: string): string => `${parameter}.${suffix}`,
} as const

/**
 * The portable training step of `model`: standard operators only, dynamic batch.
 *
 * @throws UserError where the model has no such output, no parameter, or an operator without a gradient rule.
 */
export function trainingStep(model: Model, options: TrainingStepOptions = {}): Model {
  const step = compositeTrainingStep(model, options)
  return { ...step, graph: portable(step.graph) }
}

/** The training step with the composite operators (`composite.ts`) still in it: what expansions start from. */
export function compositeTrainingStep(model: Model, options: TrainingStepOptions = {}): Model {
  const { graph } = model
  const lossName = options.loss ?? 'softmax-cross-entropy'
  const output = outputName(graph, options.logits)
  const logits = beforeActivation(graph, output, lossName)
  const { parameters, statistics } = stateOf(graph, options.trainable)
  const g = new GraphBuilder(`${graph.name} training step`, { rules: COMPOSITE_RULES })
  for (const info of graph.inputs) g.input(info)
  const loss: LossFunction = LOSSES[lossName]
  const label = labelInput(g, loss, graph, output)
  const learningRate =
    options.gradients === true
      ? undefined
      : g.input({ name: STEP_NAMES.learningRate, dataType: DataType.FLOAT, shape: [] })
  const seed = hasDropout(graph) ? g.input({ name: STEP_NAMES.seed, dataType: DataType.INT64, shape: [] }) : undefined
  const state = new Set([...parameters, ...statistics])
  for (const tensor of graph.initializers) {
    if (state.has(tensor)) g.input({ name: tensor.name, dataType: tensor.dataType, shape: tensor.dims })
    else g.initializer(tensor)
  }

  const moving = new Set(statistics.map(({ name }) => name))
  const firstRow =
    seed === undefined || options.firstRow !== true
      ? undefined
      : g.input({ name: STEP_NAMES.firstRow, dataType: DataType.INT64, shape: [] })
  const { nextStatistics } = trainingForward(g, graph, { isStatistic: (name) => moving.has(name), seed, firstRow })
  const forward = g.graph().nodes
  const reduction = options.gradients === true ? 'sum' : 'mean'
  const result = loss.build(g, [g.value(logits), label], { reduction })
  const still = zeroGradients(forward, new Set([logits]))
  const found = gradients(g, {
    nodes: forward,
    seeds: [{ value: logits, gradient: result.logitsGradient }],
    wanted: parameters.map(({ name }) => name).filter((name) => !still.has(name)),
  })

  const next = new Map([...nextStatistics].map(([name, build]) => [name, build(STEP_NAMES.next(name))]))
  const extra: Value[] = []
  if (learningRate === undefined) {
    for (const { name } of parameters) next.set(name, namedGradient(g, g.value(name), found.get(name)))
  } else {
    const updates = updated(g, { parameters, gradients: found, learningRate, options })
    for (const [name, value] of updates.parameters) next.set(name, value)
    extra.push(...updates.state)
  }
  g.output(result.loss)
  if (result.correct !== undefined) g.output(result.correct)
  for (const { name } of graph.initializers) if (next.has(name)) g.output(next.get(name) as Value)
  for (const value of extra) g.output(value)
  return stepModel(model, g.graph(`Training step of ${graph.name}: forward, loss, gradients, update`))
}

/**
 * The update alone, for gradients summed over the parts of a batch. Inputs: `count` (FLOAT scalar, the batch's rows),
 * `learning_rate`, each `<parameter>` and `<parameter>.gradient`, the optimiser's state; outputs: `<name>.next` of each parameter
 * and piece of state.
 */
export function updateStep(model: Model, options: TrainingStepOptions = {}): Model {
  const { parameters } = stateOf(model.graph, options.trainable)
  const g = new GraphBuilder(`${model.graph.name} update step`)
  const learningRate = g.input({ name: STEP_NAMES.learningRate, dataType: DataType.FLOAT, shape: [] })
  const count = g.input({ name: STEP_NAMES.count, dataType: DataType.FLOAT, shape: [] })
  const summed = parameters.map(({ name, dataType, dims }) => {
    g.input({ name, dataType, shape: dims })
    return [name, g.input({ name: STEP_NAMES.gradient(name), dataType, shape: dims })] as const
  })
  const means = new Map(summed.map(([name, sum]) => [name, g.scoped(`mean/${name}`, () => div(g, sum, count))]))
  const updates = updated(g, { parameters, gradients: means, learningRate, options })
  for (const value of [...updates.parameters.values(), ...updates.state]) g.output(value)
  return stepModel(model, g.graph(`Update step of ${model.graph.name}`))
}

/** The optimiser's state at the start of a run: a tensor of zeros for each input of `step` that holds a piece of it. */
export function initialOptimizerState(step: Model, options: Pick<TrainingStepOptions, 'optimizer'> = {}): Tensor[] {
  const { state, counts }: Optimizer = OPTIMIZERS[options.optimizer ?? 'sgd']
  return step.graph.inputs
    .filter(({ name }) => state.some((suffix) => name.endsWith(`.${suffix}`)) || (counts && name === STEP_NAMES.step))
    .map(({ name, dataType, shape }) => {
      const dims = shape.map(Number)
      const count = elementCount(dims)
      return { name, dataType, dims, data: new Uint8Array(count * (dataType === DataType.INT64 ? 8 : 4)) }
    })
}

interface UpdateOptions {
  readonly parameters: readonly Tensor[]
  readonly gradients: ReadonlyMap<string, Value>
  readonly learningRate: Value
  readonly options: TrainingStepOptions
}

function updated(
  g: GraphBuilder,
  { parameters, gradients: found, learningRate, options }: UpdateOptions,
): { parameters: ReadonlyMap<string, Value>; state: readonly Value[] } {
  const name = options.optimizer ?? 'sgd'
  const optimizer: Optimizer = OPTIMIZERS[name]
  const constants = hyperparametersOf(options.hyperparameters)
  const results = new Map<string, Value>()
  const states: Value[] = []
  const step = optimizer.counts ? nextStep(g) : undefined
  for (const { name: parameter, dataType, dims } of parameters) {
    const value = g.value(parameter)
    const gradient = found.get(parameter)
    if (gradient === undefined) {
      // Its gradient is 0 or the loss does not depend on it: it stays, and has no state.
      results.set(parameter, g.op('Identity', [value], { outputs: [STEP_NAMES.next(parameter)] }))
      continue
    }
    const names = optimizer.state.map((suffix) => STEP_NAMES.state(parameter, suffix))
    const state = names.map((stateName) => g.input({ name: stateName, dataType, shape: dims }))
    const [next, ...nextState] = g.scoped(`${name}/${parameter}`, () =>
      optimizer.update({
        g,
        parameter: value,
        gradient,
        learningRate,
        state,
        step,
        constants,
        names: [parameter, ...names].map(STEP_NAMES.next),
      }),
    )
    results.set(parameter, next as Value)
    states.push(...nextState)
  }
  return { parameters: results, state: step === undefined ? states : [...states, step] }
}

/** `step.next` = `step` + 1, which is also this step's number from 1. */
function nextStep(g: GraphBuilder): Value {
  const step = g.input({ name: STEP_NAMES.step, dataType: DataType.INT64, shape: [] })
  const one = g.constant({
    name: 'one_step',
    dataType: DataType.INT64,
    dims: [],
    data: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0),
  })
  return g.op('Add', [step, one], { outputs: [STEP_NAMES.next(STEP_NAMES.step)] })
}

/** The gradient under its own name; zeros where it is 0 by the network's form. */
function namedGradient(g: GraphBuilder, parameter: Value, gradient: Value | undefined): Value {
  const outputs = [STEP_NAMES.gradient(parameter.name)]
  if (gradient !== undefined) return g.op('Identity', [gradient], { outputs })
  return g.op('Mul', [parameter, g.scalar(0, 'zero')], { outputs })
}

/** What a loss applies itself, to the logits: a cross-entropy of probabilities would apply it a second time. */
const OWN_ACTIVATION: Readonly<Partial<Record<LossName, string>>> = {
  'softmax-cross-entropy': 'Softmax',
  'sigmoid-cross-entropy': 'Sigmoid',
}

/** The logits of which `output` is the probabilities, where it is; else itself. Classifiers mostly end in their activation. */
function beforeActivation({ nodes, outputs }: Graph, output: string, loss: LossName): string {
  const node = nodes.find((each) => each.outputs.includes(output))
  if (node === undefined || node.domain !== '' || node.opType !== OWN_ACTIVATION[loss]) return output
  const rank = outputs.find(({ name }) => name === output)?.shape.length
  const axis = intAttribute(node, 'axis', -1)
  return node.opType === 'Softmax' && axis !== -1 && axis + 1 !== rank ? output : (node.inputs[0] ?? output)
}

function labelInput(g: GraphBuilder, loss: LossFunction, graph: Graph, output: string): Value {
  const info = graph.outputs.find(({ name }) => name === output)
  const batch = graph.inputs[0]?.shape[0] ?? 'batch'
  const { dataType, shape } = loss.label({ name: output, dataType: DataType.FLOAT, shape: info?.shape ?? [batch] })
  return g.input({ name: STEP_NAMES.label, dataType, shape: [batch, ...shape.slice(1)] })
}

function stepModel(model: Model, graph: Graph): Model {
  return { ...model, irVersion: IR_VERSION, opsets: { '': OPSET }, graph: withoutDeadNodes(graph) }
}

function outputName(graph: Graph, given: string | undefined): string {
  const names = graph.outputs.map(({ name }) => name)
  const name = given ?? (names.includes('logits') ? 'logits' : names.length === 1 ? names[0] : undefined)
  if (name !== undefined && names.includes(name)) return name
  throw new UserError(
    'INPUT',
    `model ${graph.name}: expected an output ${given ?? 'logits'}, found ${names.join(', ')}${given === undefined ? '; say which by logits' : ''}`,
  )
}

/** Ops whose further inputs choose what they do: no weights. */
const WITH_OPTIONS: ReadonlySet<string> = new Set(['OneHot', 'Resize'])

/** What is trained, and the running statistics that move, each in the order of the initializers. */
function stateOf(
  graph: Graph,
  trainable: (name: string) => boolean = () => true,
): { parameters: readonly Tensor[]; statistics: readonly Tensor[] } {
  const normalizations = normalizationWeights(graph)
  const running = new Set(normalizations.flatMap(({ statistics }) => statistics))
  const moving = new Set(normalizations.flatMap(({ all, statistics }) => (all.some(trainable) ? statistics : [])))
  const options = new Set(
    graph.nodes.filter((node) => WITH_OPTIONS.has(ruleKey(node))).flatMap(({ inputs }) => inputs.slice(1)),
  )
  const tensors = graph.initializers.filter(({ dataType, dims }) => dataType === DataType.FLOAT && dims.length > 0)
  const parameters = tensors.filter(({ name }) => !running.has(name) && !options.has(name) && trainable(name))
  if (parameters.length === 0)
    throw new UserError('INPUT', `model ${graph.name}: expected parameters to train, found none`)
  return { parameters, statistics: tensors.filter(({ name }) => moving.has(name)) }
}
