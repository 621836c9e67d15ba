/** The engine on ONNX Runtime: each step is one run of the training-step graph, whose outputs are the next run's inputs. */
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { encodeModel, type Model, STEP_NAMES } from 'mnist-export'
import { DIGIT_SIZE, type Digits } from 'mnist-infer/mnist'
import { float32, int64, openSession, type RuntimeTensor, type Session } from 'mnist-infer/runtime'
import { dropoutSeed } from '../dropout-seed.js'
import type { Answered, Engine, EngineOptions, EngineState, OpenedEngine, StepInput } from '../engine.js'
import { evaluateDigits } from '../evaluate.js'
import { checkState } from '../network-weights.js'
import { scaledPixels } from '../pixels.js'
import { type NetworkGraphs, networkGraphs } from './network-graphs.js'
import { stepGraph } from './step-graph.js'

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

/** A session for steps of `batch` pictures, or of any number. */
interface StepSession {
  readonly session: Session
  readonly batch: number | undefined
}

type Tensors = Record<string, RuntimeTensor>

class OnnxEngine implements Engine {
  readonly #graphs: NetworkGraphs
  readonly #options: OnnxEngineOptions
  readonly #sessions: StepSession[] = []
  #evaluation: Session | undefined
  /** Parameters and running statistics of now. */
  #state: Tensors
  /** Where the next step writes its own: reading and writing the same array is not safe within a run. */
  #spare: Tensors

  constructor(graphs: NetworkGraphs, options: OnnxEngineOptions) {
    this.#graphs = graphs
    this.#options = options
    this.#state = tensorsOf(graphs.initial)
    this.#spare = tensorsOf(copied(graphs.initial))
  }

  /** Opens what every run needs, so that a graph that ONNX Runtime refuses is known before the first step. */
  async open(): Promise<void> {
    await this.#sessionFor(this.#options.batchSize)
  }

  async step({ images, labels, learningRate, step }: StepInput): Promise<Answered> {
    const count = labels.length
    const session = await this.#sessionFor(count)
    const into: Tensors = {}
    for (const [name, tensor] of Object.entries(this.#spare)) {
      if (session.outputs.includes(STEP_NAMES.next(name))) into[STEP_NAMES.next(name)] = tensor
    }
    const feeds: Tensors = {
      image: imageTensor(images, count),
      [STEP_NAMES.label]: int64(BigInt64Array.from(labels, BigInt), [count]),
      [STEP_NAMES.learningRate]: float32(Float32Array.of(learningRate), []),
    }
    for (const name of session.inputs) {
      const tensor = this.#state[name]
      if (tensor !== undefined) feeds[name] = tensor
    }
    if (session.inputs.includes(STEP_NAMES.seed)) {
      feeds[STEP_NAMES.seed] = int64(BigInt64Array.of(BigInt(dropoutSeed(this.#options.seed, step))), [])
    }
    const results = await session.run(feeds, { into })
    for (const name of Object.keys(this.#state)) {
      const next = results[STEP_NAMES.next(name)]
      if (next === undefined) continue
      this.#spare[name] = this.#state[name] as RuntimeTensor
      this.#state[name] = next
    }
    return { loss: scalarOf(results, STEP_NAMES.loss), correct: scalarOf(results, STEP_NAMES.correct) }
  }

  async evaluate(digits: Digits): Promise<Answered> {
    this.#evaluation ??= await this.#openSession(this.#graphs.evaluation)
    const session = this.#evaluation
    return evaluateDigits(digits, async (images, count) => {
      const { logits } = await session.run({ ...this.#state, image: imageTensor(images, count) })
      return logits?.data as Float32Array
    })
  }

  async state(): Promise<EngineState> {
    const entries = Object.entries(this.#state)
    return copied(
      new Map(entries.map(([name, { dims, data }]) => [name, { shape: dims, values: data as Float32Array }])),
    )
  }

  async restore(state: EngineState): Promise<void> {
    checkState(state, new Map([...this.#graphs.initial].map(([name, { shape }]) => [name, shape])))
    this.#state = tensorsOf(copied(state))
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#sessions.map(({ session }) => session.close()))
    await this.#evaluation?.close()
    this.#sessions.length = 0
    this.#evaluation = undefined
  }

  async #sessionFor(count: number): Promise<Session> {
    const open = this.#sessions.find(({ batch }) => batch === undefined || batch === count)
    if (open !== undefined) return open.session
    const { threads, provider = 'cpu' } = this.#options
    const { training, trainable } = this.#graphs
    const { model, batch } = stepGraph(training, {
      trainable: (name) => trainable.has(name),
      batch: count,
      threads,
      provider,
    })
    const session = await this.#openSession(model)
    this.#sessions.push({ session, batch })
    return session
  }

  #openSession(model: Model): Promise<Session> {
    // Planned memory is twice as much for a training step, at the same speed.
    return openSession(encodeModel(model), {
      provider: this.#options.provider ?? 'cpu',
      threads: this.#options.threads,
      memoryPattern: false,
    })
  }
}

/** [n × 784] of bytes → FLOAT [n, 1, 28, 28], 0…1. */
function imageTensor(images: Uint8Array, count: number): RuntimeTensor {
  return float32(scaledPixels(images), [count, 1, DIGIT_SIZE, DIGIT_SIZE])
}

/** In the same memory. */
function tensorsOf(state: EngineState): Tensors {
  return Object.fromEntries([...state].map(([name, { shape, values }]) => [name, float32(values, shape)]))
}

function copied(state: EngineState): EngineState {
  return new Map([...state].map(([name, { shape, values }]) => [name, { shape, values: values.slice() }]))
}

function scalarOf(results: Readonly<Record<string, RuntimeTensor>>, name: string): number {
  const value = results[name]?.data[0]
  if (value === undefined) throw new Error(`internal: the training step has no output ${name}`)
  return Number(value)
}
