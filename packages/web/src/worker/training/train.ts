/** Training from nothing: a network's graph, its weights drawn anew, on generated digits or the visitor's own. */
import { decodeModel, encodeModel, type Model } from 'mnist-export'
import { DIGIT_PIXELS, type Digits, generateDigits } from 'mnist-infer/digits'
import type { EpochReport, TrainParams, TrainProgress } from '../../training.js'
import { epochOrder, gather, readRight, shareOf } from './batches.js'
import { withInitialWeights } from './initial-weights.js'
import { type OpenGraph, StepRunner } from './step-runner.js'

export interface TrainingContext {
  readonly open: OpenGraph
  readonly onProgress: (progress: TrainProgress) => void
  /** Awaited between two steps: true once the training may go on, false to end it here. */
  readonly mayGoOn: () => Promise<boolean>
}

/** How often a batch is told of, in milliseconds: a curve needs no more. */
const TOLD_EVERY = 100

/** Digits that are generated between two looks at the messages. */
const CHUNK = 500

export class Training {
  readonly #params: TrainParams
  readonly #context: TrainingContext
  readonly #model: Model
  readonly #runner: StepRunner
  readonly #epochs: EpochReport[] = []

  constructor(params: TrainParams, context: TrainingContext) {
    this.#params = params
    this.#context = context
    this.#model = withInitialWeights(decodeModel(params.model, 'the network'), params.seed)
    this.#runner = new StepRunner(this.#model, { open: context.open, optimizer: params.optimizer })
  }

  /** Trains to the last epoch, or until it is stopped. */
  async run(): Promise<readonly EpochReport[]> {
    const { data, epochs } = this.#params
    const parts = data.kind === 'given' ? data : await this.#generate(data.train, data.test)
    if (parts === undefined) return this.#epochs
    for (let epoch = 0; epoch < epochs; epoch++) {
      const report = await this.#epoch(epoch, parts)
      if (report === undefined) break
      this.#epochs.push(report)
      this.#context.onProgress({ type: 'epoch', report })
    }
    return this.#epochs
  }

  /** The file of the model as it is now. */
  trained(): Uint8Array {
    const model = this.#runner.trained()
    return encodeModel({ ...model, metadata: { ...model.metadata, ...this.#metadata() } })
  }

  close(): Promise<void> {
    return this.#runner.close()
  }

  /** Undefined where it was stopped. */
  async #epoch(epoch: number, { train, test }: Parts): Promise<EpochReport | undefined> {
    const { seed, batchSize, learningRate, epochs } = this.#params
    const order = epochOrder(train.count, seed, epoch)
    let [lossSum, correct, steps, milliseconds, told] = [0, 0, 0, 0, 0]
    for (let begin = 0; begin < train.count; begin += batchSize) {
      if (!(await this.#context.mayGoOn())) return undefined
      const start = performance.now()
      const batch = gather(train, order.subarray(begin, begin + batchSize))
      const result = await this.#runner.step(batch, learningRate)
      const end = performance.now()
      lossSum += result.loss
      correct += result.correct
      steps++
      milliseconds += end - start
      if (end - told < TOLD_EVERY) continue
      told = end
      const done = begin + batch.labels.length
      this.#context.onProgress({
        type: 'batch',
        epoch: epoch + 1,
        share: (epoch + done / train.count) / epochs,
        loss: result.loss,
        accuracy: result.correct / batch.labels.length,
        imagesPerSecond: (done / milliseconds) * 1000,
      })
    }
    const testAccuracy = shareOf(await readRight(this.#runner, test, this.#context.mayGoOn))
    return {
      epoch: epoch + 1,
      loss: lossSum / steps,
      trainAccuracy: correct / train.count,
      testAccuracy,
      imagesPerSecond: (train.count / milliseconds) * 1000,
    }
  }

  /** Undefined where it was stopped. */
  async #generate(train: number, test: number): Promise<Parts | undefined> {
    const total = train + test
    const images = new Uint8Array(total * DIGIT_PIXELS)
    const labels = new Uint8Array(total)
    for (let done = 0; done < total; ) {
      if (!(await this.#context.mayGoOn())) return undefined
      const count = Math.min(CHUNK, total - done)
      const chunk = generateDigits({ count, seed: this.#params.seed * 10_000 + done / CHUNK })
      images.set(chunk.images, done * DIGIT_PIXELS)
      labels.set(chunk.labels, done)
      done += count
      this.#context.onProgress({ type: 'data', done, total })
    }
    const part = (from: number, count: number): Digits => ({
      images: images.subarray(from * DIGIT_PIXELS, (from + count) * DIGIT_PIXELS),
      labels: labels.subarray(from, from + count),
      count,
    })
    return { train: part(0, train), test: part(train, test) }
  }

  #metadata(): Record<string, string> {
    const { data, seed, optimizer, batchSize, learningRate } = this.#params
    const last = this.#epochs.at(-1)
    return {
      'mnist.recipe': `in the page: ${optimizer}, batch ${batchSize}, learning rate ${learningRate}`,
      'mnist.epochs': String(this.#epochs.length),
      'mnist.dataset': data.kind === 'given' ? data.description : `${data.train} generated digits`,
      'mnist.seed': String(seed),
      'mnist.test_accuracy': String(last?.testAccuracy ?? 0),
    }
  }
}

interface Parts {
  readonly train: Digits
  readonly test: Digits
}
