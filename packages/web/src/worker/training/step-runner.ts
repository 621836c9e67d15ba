/** Training steps of a model on ONNX Runtime: each is one run of the training-step graph, whose outputs are the next run's inputs. */
import {
  compositeTrainingStep,
  DataType,
  encodeModel,
  floatTensor,
  floatValues,
  lowerTrainingStep,
  type Model,
  STEP_NAMES,
  type TrainingStepOptions,
  type ValueInfo,
} from 'mnist-export'
import { DIGIT_PIXELS, DIGIT_SIZE } from 'mnist-infer/digits'
import { float32, int64, type RuntimeTensor, type Session } from 'mnist-infer/runtime/web'

/** Opens a graph from the bytes of its file. */
export type OpenGraph = (model: Uint8Array) => Promise<Session>

export interface Batch {
  /** [n × 784], 0 paper … 1 ink */
  readonly pixels: Float32Array
  /** [n], 0…9 */
  readonly labels: Uint8Array
}

export interface StepResult {
  /** Mean over the batch, before the update (nats). */
  readonly loss: number
  readonly correct: number
}

export class StepRunner {
  readonly #model: Model
  readonly #open: OpenGraph
  /** With the composite operators still in it: lowered for each batch size that comes. */
  readonly #step: Model
  readonly #sessions = new Map<number, Session>()
  #evaluation: Session | undefined
  /** Parameters, and what the optimiser keeps. */
  readonly #state: Record<string, RuntimeTensor>

  constructor(model: Model, { open, ...options }: { open: OpenGraph } & TrainingStepOptions) {
    this.#model = model
    this.#open = open
    this.#step = compositeTrainingStep(model, options)
    this.#state = initialState(model, this.#step)
  }

  async step({ pixels, labels }: Batch, learningRate: number): Promise<StepResult> {
    const session = await this.#sessionFor(labels.length)
    const results = await session.run({
      image: imageTensor(pixels),
      [STEP_NAMES.label]: int64(BigInt64Array.from(labels, BigInt), [labels.length]),
      [STEP_NAMES.learningRate]: float32(Float32Array.of(learningRate), []),
      ...this.#state,
    })
    for (const name of Object.keys(this.#state)) {
      const next = results[STEP_NAMES.next(name)]
      if (next !== undefined) this.#state[name] = next
    }
    return { loss: scalarOf(results, STEP_NAMES.loss), correct: scalarOf(results, STEP_NAMES.correct) }
  }

  /** Logits [n, 10] with the weights as they are now. */
  async logits(pixels: Float32Array): Promise<Float32Array> {
    const graph = weightsAsInputs(this.#model, this.#step)
    this.#evaluation ??= await this.#open(encodeModel(graph))
    const session = this.#evaluation
    const weights = Object.fromEntries(session.inputs.flatMap((name) => this.#entry(name)))
    const { logits } = await session.run({ ...weights, image: imageTensor(pixels) }, { outputs: ['logits'] })
    return logits?.data as Float32Array
  }

  /** The model with the weights as they are now. */
  trained(): Model {
    const { graph } = this.#model
    const initializers = graph.initializers.map((tensor) => {
      const now = this.#state[tensor.name]
      return now === undefined ? tensor : floatTensor(tensor.name, tensor.dims, now.data as Float32Array)
    })
    return { ...this.#model, graph: { ...graph, initializers } }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()))
    this.#sessions.clear()
    await this.#evaluation?.close()
    this.#evaluation = undefined
  }

  #entry(name: string): [string, RuntimeTensor][] {
    const tensor = this.#state[name]
    return tensor === undefined ? [] : [[name, tensor]]
  }

  async #sessionFor(batch: number): Promise<Session> {
    const known = this.#sessions.get(batch)
    if (known !== undefined) return known
    const session = await this.#open(encodeModel(lowerTrainingStep(this.#step, { batch })))
    this.#sessions.set(batch, session)
    return session
  }
}

/** What the step takes beside the batch: a parameter begins as the model has it, the optimiser's state at 0. */
function initialState(model: Model, step: Model): Record<string, RuntimeTensor> {
  const weights = new Map(model.graph.initializers.map((tensor) => [tensor.name, tensor]))
  const given = new Set<string>([
    ...model.graph.inputs.map(({ name }) => name),
    STEP_NAMES.label,
    STEP_NAMES.learningRate,
  ])
  const state: Record<string, RuntimeTensor> = {}
  for (const info of step.graph.inputs) {
    if (given.has(info.name)) continue
    const weight = weights.get(info.name)
    state[info.name] = weight === undefined ? zeros(info) : float32(floatValues(weight).slice(), weight.dims)
  }
  return state
}

function zeros({ dataType, shape }: ValueInfo): RuntimeTensor {
  const dims = shape.map(Number)
  const count = dims.reduce((product, length) => product * length, 1)
  return dataType === DataType.INT64 ? int64(new BigInt64Array(count), dims) : float32(new Float32Array(count), dims)
}

/** For evaluation: the model, each trained weight an input of its own name. */
function weightsAsInputs(model: Model, step: Model): Model {
  const { graph } = model
  const trained = new Set(step.graph.inputs.map(({ name }) => name))
  const moved = graph.initializers.filter(({ name }) => trained.has(name))
  const inputs = moved.map(({ name, dataType, dims }) => ({ name, dataType, shape: dims }))
  const initializers = graph.initializers.filter(({ name }) => !trained.has(name))
  return { ...model, graph: { ...graph, inputs: [...graph.inputs, ...inputs], initializers } }
}

function imageTensor(pixels: Float32Array): RuntimeTensor {
  return float32(pixels, [pixels.length / DIGIT_PIXELS, 1, DIGIT_SIZE, DIGIT_SIZE])
}

function scalarOf(results: Readonly<Record<string, RuntimeTensor>>, name: string): number {
  const value = results[name]?.data[0]
  if (value === undefined) throw new Error(`internal: the training step has no output ${name}`)
  return Number(value)
}
