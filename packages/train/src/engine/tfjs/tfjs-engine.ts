/** The engine on tfjs: the LayersModel itself, tfjs's gradients, plain SGD, on whichever backend is set. */
import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { CLASSES, DIGIT_SIZE, type Digits } from 'mnist-infer/mnist'
import { loadTfjs, type Tfjs } from '../../tfjs/tfjs.js'
import { dropoutSeed } from '../dropout-seed.js'
import type { Answered, Engine, EngineOptions, EngineState, StepInput } from '../engine.js'
import { evaluateDigits } from '../evaluate.js'
import { type Bindings, bindingsOf, readWeights, writeWeights } from '../network-weights.js'
import { scaledPixels } from '../pixels.js'
import { leaveFirstInputAlone } from './first-convolution.js'
import { NATIVE_BACKEND } from './native-backend.js'
import { useFusedNormalization } from './native-gradients.js'
import { watchVariances } from './unbiased-variance.js'

/** Trains `layers`, which must be on tfjs's backend of the moment, in place; disposing of the engine disposes of it. */
export async function openTfjsEngine(layers: LayersModel, { seed }: Pick<EngineOptions, 'seed'>): Promise<Engine> {
  const tf = await loadTfjs()
  leaveFirstInputAlone(tf, layers)
  if (tf.core.getBackend() === NATIVE_BACKEND) useFusedNormalization(tf, layers)
  return new TfjsEngine(tf, { model: layers, bindings: await bindingsOf(layers), seed })
}

interface Parts {
  readonly model: LayersModel
  readonly bindings: Bindings
  readonly seed: number
}

/** The part of tfjs's Dropout layer (layers/core.ts) that decides what it drops. */
interface DropoutLayer {
  seed: number | undefined
}

class TfjsEngine implements Engine {
  readonly #tf: Tfjs
  readonly #model: LayersModel
  readonly #bindings: Bindings
  readonly #seed: number
  readonly #variables: readonly Variable[]
  readonly #dropouts: readonly DropoutLayer[]
  /** Tensors that the steps made and did not dispose of. */
  #leftBehind = 0

  constructor(tf: Tfjs, { model, bindings, seed }: Parts) {
    this.#tf = tf
    this.#model = model
    this.#bindings = bindings
    this.#seed = seed
    this.#variables = model.trainableWeights.map((weight) => weight.read() as Variable)
    this.#dropouts = model.layers.filter((layer) => layer.getClassName() === 'Dropout') as unknown as DropoutLayer[]
  }

  async step({ images, labels, learningRate, step }: StepInput): Promise<Answered> {
    const { core } = this.#tf
    const before = core.memory().numTensors
    for (const [index, layer] of this.#dropouts.entries()) layer.seed = dropoutSeed(this.#seed, step) + index
    const answered = core.tidy((): Tensor1D => {
      const x = this.#images(images, labels.length)
      const variances = watchVariances(this.#tf, this.#model)
      const label = core.tensor1d(Int32Array.from(labels), 'int32')
      let correct: Scalar | undefined
      const { value, grads } = core.variableGrads(() => {
        const logits = this.#logits(x, true)
        correct = core.keep(rightAnswers(this.#tf, logits, label))
        const target = core.cast(core.oneHot(label, CLASSES), 'float32')
        // Its default reduction is the mean over the batch.
        return core.losses.softmaxCrossEntropy(target, logits) as Scalar
      }, [...this.#variables])
      for (const variable of this.#variables) {
        const gradient = grads[variable.name]
        if (gradient !== undefined) variable.assign(core.sub(variable, core.mul(gradient, learningRate)))
      }
      variances.unbias(labels.length)
      const kept = correct as Scalar
      // One tensor, since each that is read has the host wait for the device. float32 holds whole numbers to 2^24.
      const both = core.stack([value, core.cast(kept, 'float32')]) as Tensor1D
      kept.dispose()
      return both
    })
    try {
      const [loss, correct] = await answered.data()
      return { loss: loss as number, correct: correct as number }
    } finally {
      answered.dispose()
      this.#leftBehind += core.memory().numTensors - before
    }
  }

  /** @throws Error where the steps since the last call have left tensors behind: a run of days would fill the memory. */
  async evaluate(digits: Digits): Promise<Answered> {
    if (this.#leftBehind !== 0)
      throw new Error(`internal: tfjs: the steps have left ${this.#leftBehind} tensors behind`)
    return evaluateDigits(digits, async (images, count) => {
      const logits = this.#tf.core.tidy(() => this.#logits(this.#images(images, count), false))
      try {
        return (await logits.data()) as Float32Array
      } finally {
        logits.dispose()
      }
    })
  }

  state(): Promise<EngineState> {
    return readWeights(this.#model, this.#bindings)
  }

  async restore(state: EngineState): Promise<void> {
    writeWeights(this.#tf, this.#model, { bindings: this.#bindings, state })
  }

  async dispose(): Promise<void> {
    this.#model.dispose()
  }

  /** [N, 28, 28, 1], 0…1 */
  #images(images: Uint8Array, count: number): Tensor {
    return this.#tf.core.tensor4d(scaledPixels(images), [count, DIGIT_SIZE, DIGIT_SIZE, 1])
  }

  /** [N, 10] */
  #logits(x: Tensor, training: boolean): Tensor2D {
    return this.#model.apply(x, { training }) as Tensor2D
  }
}

function rightAnswers({ core }: Tfjs, logits: Tensor2D, label: Tensor1D): Scalar {
  return core.sum(core.cast(core.equal(core.argMax(logits, 1), label), 'int32')) as Scalar
}
