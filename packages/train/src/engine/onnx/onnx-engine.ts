/** The engine on ONNX Runtime: each step is one run of the training-step graph, whose outputs are the next run's inputs. */
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { STEP_NAMES } from 'mnist-export'
import type { Digits } from 'mnist-infer/mnist'
import { float32, int64, type RuntimeTensor, type Session } from 'mnist-infer/runtime'
import { dropoutSeed } from '../dropout-seed.js'
import type { Answered, Engine, EngineOptions, EngineState, OpenedEngine, StepInput } from '../engine.js'
import { evaluateDigits } from '../evaluate.js'
import { checkState } from '../network-weights.js'
import { type NetworkGraphs, networkGraphs } from './network-graphs.js'
import { stepGraph } from './step-graph.js'
import { StepSessions } from './step-sessions.js'
import { copied, floatsOf, imageTensor, scalarOf, type Tensors, tensorsOf } from './tensors.js'

export interface OnnxEngineOptions extends EngineOptions {
  /** Default `cpu`. */
  readonly provider?: 'cpu' | 'cuda'
}

/**
 * Trains `layers` from its weights of now, on graphs of its own: the LayersModel is not needed afterwards.
 * @throws UserError ENVIRONMENT where the provider can't be had
 */
export async function openOnnxEngine(layers: LayersModel, options: OnnxEngineOptions): Promise<OpenedEngine> {
  const engine = new OnnxEngine(await networkGraphs(layers), options)
  try {
    await engine.open()
  } catch (error) {
    await engine.dispose()
    throw error
  }
  const threads = `${options.threads} thread${options.threads === 1 ? '' : 's'}`
  const device = options.provider === 'cuda' ? 'CUDA' : `CPU, ${threads}`
  return { engine, name: 'onnx', description: `onnx (ONNX Runtime, ${device})` }
}

/** What the sessions for parts of a batch are for. */
const PARTS = 'parts'

class OnnxEngine implements Engine {
  readonly #graphs: NetworkGraphs
  readonly #options: OnnxEngineOptions
  readonly #sessions: StepSessions
  /** Parameters and running statistics of now. */
  #state: Tensors
  /** Where the next step writes its own: reading and writing the same array is not safe within a run. */
  #spare: Tensors
  /** Gradients of a batch's parts, added up. */
  #sums: Tensors | undefined

  constructor(graphs: NetworkGraphs, options: OnnxEngineOptions) {
    this.#graphs = graphs
    this.#options = options
    const parameters = [...graphs.initial.values()].reduce((sum, { values }) => sum + values.length, 0)
    this.#sessions = new StepSessions(parameters, options)
    this.#state = tensorsOf(graphs.initial)
    this.#spare = tensorsOf(copied(graphs.initial))
  }

  /** Opens what every run needs, so that a graph that ONNX Runtime refuses is known before the first step. */
  async open(): Promise<void> {
    const { batchSize, microBatch = batchSize } = this.#options
    await this.#stepSession(Math.min(batchSize, microBatch), microBatch < batchSize)
  }

  async step(input: StepInput): Promise<Answered> {
    const count = input.labels.length
    const { microBatch = count } = this.#options
    if (microBatch < count) return this.#stepByParts(input, microBatch)
    const session = await this.#stepSession(count, false)
    const rate = float32(Float32Array.of(input.learningRate), [])
    const results = await session.run(
      { ...this.#feeds(session, input), [STEP_NAMES.learningRate]: rate },
      { into: this.#targets(session, STEP_NAMES.next) },
    )
    this.#take(results)
    return { loss: scalarOf(results, STEP_NAMES.loss), correct: scalarOf(results, STEP_NAMES.correct) }
  }

  async evaluate(digits: Digits): Promise<Answered> {
    const session = await this.#sessions.of({ purpose: 'evaluation' }, () => this.#graphs.evaluation)
    return evaluateDigits(digits, async (images, count) => {
      const { logits } = await session.run({ ...this.#state, image: imageTensor(images, count) })
      return logits?.data as Float32Array
    })
  }

  async state(): Promise<EngineState> {
    const entries = Object.entries(this.#state)
    return copied(new Map(entries.map(([name, tensor]) => [name, { shape: tensor.dims, values: floatsOf(tensor) }])))
  }

  async restore(state: EngineState): Promise<void> {
    checkState(state, new Map([...this.#graphs.initial].map(([name, { shape }]) => [name, shape])))
    for (const [name, { values }] of state) floatsOf(this.#state[name] as RuntimeTensor).set(values)
  }

  dispose(): Promise<void> {
    return this.#sessions.close()
  }

  /**
   * The same step, `size` pictures at a time: the parts' gradients are added up, then the parameters move once. Running statistics move
   * with each part, and batch normalization sees the parts alone. While a part is computed, nothing else needs the spare arrays: they
   * take its gradients.
   */
  async #stepByParts({ images, labels, learningRate, step }: StepInput, size: number): Promise<Answered> {
    const count = labels.length
    const pixels = images.length / count
    const sums = this.#sums ?? tensorsOf(zeros(this.#graphs))
    this.#sums = sums
    let [loss, correct] = [0, 0]
    for (let first = 0; first < count; first += size) {
      const part = {
        images: images.subarray(first * pixels, Math.min(first + size, count) * pixels),
        labels: labels.subarray(first, Math.min(first + size, count)),
      }
      const session = await this.#stepSession(part.labels.length, true)
      const into = { ...this.#targets(session, STEP_NAMES.next), ...this.#targets(session, STEP_NAMES.gradient) }
      const results = await session.run(this.#feeds(session, { ...part, learningRate, step }, first), { into })
      for (const [name, sum] of Object.entries(sums)) {
        const gradient = results[STEP_NAMES.gradient(name)]
        if (gradient !== undefined) add(floatsOf(sum), floatsOf(gradient), first === 0)
      }
      this.#take(results)
      loss += scalarOf(results, STEP_NAMES.loss)
      correct += scalarOf(results, STEP_NAMES.correct)
    }
    this.#update(sums, learningRate / count)
    return { loss: loss / count, correct }
  }

  /** Plain SGD on the mean gradient, in place: a graph for it would need the memory of all parameters again. */
  #update(sums: Tensors, rate: number): void {
    for (const name of this.#graphs.trainable) {
      const values = floatsOf(this.#state[name] as RuntimeTensor)
      const sum = floatsOf(sums[name] as RuntimeTensor)
      for (let index = 0; index < sum.length; index++) {
        values[index] = (values[index] as number) - rate * (sum[index] as number)
      }
    }
  }

  #stepSession(count: number, part: boolean): Promise<Session> {
    const { threads, provider = 'cpu' } = this.#options
    const { training, trainable } = this.#graphs
    // CUDA's graph takes any number of pictures.
    const name = `${part ? 'part' : 'step'} of ${provider === 'cuda' ? 'any' : count}`
    return this.#sessions.of({ purpose: part ? PARTS : name, name }, () => {
      return stepGraph(training, {
        trainable: (parameter) => trainable.has(parameter),
        batch: count,
        threads,
        provider,
        part,
      }).model
    })
  }

  /** All that a step takes but the learning rate; `firstRow`: how many of the batch's pictures come before these. */
  #feeds(session: Session, { images, labels, step }: StepInput, firstRow = 0): Tensors {
    const count = labels.length
    const feeds: Tensors = {
      image: imageTensor(images, count),
      [STEP_NAMES.label]: int64(BigInt64Array.from(labels, BigInt), [count]),
    }
    for (const name of session.inputs) {
      const tensor = this.#state[name]
      if (tensor !== undefined) feeds[name] = tensor
    }
    const integer = (name: string, value: number): void => {
      if (session.inputs.includes(name)) feeds[name] = int64(BigInt64Array.of(BigInt(value)), [])
    }
    integer(STEP_NAMES.seed, dropoutSeed(this.#options.seed, step))
    integer(STEP_NAMES.firstRow, firstRow)
    return feeds
  }

  /** The spare arrays for those of the session's outputs that `named` calls after a part of the state. */
  #targets(session: Session, named: (name: string) => string): Tensors {
    const entries = Object.entries(this.#spare).map(([name, tensor]) => [named(name), tensor] as const)
    return Object.fromEntries(entries.filter(([name]) => session.outputs.includes(name)))
  }

  /** Makes what a run has written into spare arrays the state, and the old state's arrays the spare ones. */
  #take(results: Readonly<Record<string, RuntimeTensor>>): void {
    for (const [name, before] of Object.entries(this.#state)) {
      const next = results[STEP_NAMES.next(name)]
      if (next === undefined) continue
      this.#spare[name] = before
      this.#state[name] = next
    }
  }
}

/** An array for each trained parameter. */
function zeros({ initial, trainable }: NetworkGraphs): EngineState {
  const trained = [...initial].filter(([name]) => trainable.has(name))
  return new Map(trained.map(([name, { shape, values }]) => [name, { shape, values: new Float32Array(values.length) }]))
}

/** sum ← sum + values, or values where they are the first. */
function add(sum: Float32Array, values: Float32Array, isFirst: boolean): void {
  if (isFirst) sum.set(values)
  else for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] as number) + (values[index] as number)
}
