/**
 * Teaching a model one hand: its last layers are trained on a few drawn examples, varied a little, mixed with generated digits
 * that it reads right already, so that it keeps what it knows.
 */
import { decodeModel, encodeModel, type Graph } from 'mnist-export'
import { createRandom, DIGIT_PIXELS, type Digits, generateDigits } from 'mnist-infer/digits'
import type { Example, TaughtModel, TeachParams } from '../../training.js'
import { gather, readRight, shareOf } from './batches.js'
import { jitterInto, jitterRandom } from './jitter.js'
import { type Batch, StepRunner } from './step-runner.js'
import type { TrainingContext } from './train.js'

/** Dense layers that learn, from the last: the convolutions' strokes and corners serve any hand. */
const LAYERS = 3

/** Steps of Adam; by then the examples are read, and more only wear on the rest. */
const STEPS = 120

/** Adam's own default. */
const LEARNING_RATE = 1e-3

/** Rows of a step: variations of examples, and generated digits against forgetting. */
const TAUGHT_ROWS = 16
const KEPT_ROWS = 48

/** Generated digits to learn from, and others to measure what was lost. */
const KEPT = 1000
const MEASURED = 500

export async function teach(
  { model: file, examples, seed }: TeachParams,
  { open, onProgress, mayGoOn }: TrainingContext,
): Promise<TaughtModel> {
  const model = decodeModel(file, 'the model')
  const taught = lastDense(model.graph, LAYERS)
  const runner = new StepRunner(model, { open, optimizer: 'adam', trainable: (name) => taught.has(name) })
  try {
    const own = digitsOf(examples)
    const generated = generateDigits({ count: KEPT, seed: seed + 1 })
    const measured = generateDigits({ count: MEASURED, seed: seed + 2 })
    const before = { own: await readRight(runner, own), others: shareOf(await readRight(runner, measured)) }
    const known = await readRight(runner, generated, mayGoOn)
    const kept = Uint32Array.from(known.flatMap((right, index) => (right ? [index] : [])))

    const random = createRandom(seed, 'teaching')
    const variations = jitterRandom(seed)
    for (let step = 0; step < STEPS; step++) {
      if (!(await mayGoOn())) break
      const batch = mixed([
        varied(examples, { random, variations, count: TAUGHT_ROWS }),
        gather(
          generated,
          Uint32Array.from({ length: KEPT_ROWS }, () => kept[Math.floor(random() * kept.length)] ?? 0),
        ),
      ])
      // Falls to nothing, so that the last steps settle.
      const { loss, correct } = await runner.step(batch, LEARNING_RATE * (1 - step / STEPS))
      const [share, accuracy] = [(step + 1) / STEPS, correct / batch.labels.length]
      onProgress({ type: 'batch', epoch: 1, share, loss, accuracy, imagesPerSecond: 0 })
    }

    const after = { own: await readRight(runner, own), others: shareOf(await readRight(runner, measured)) }
    const trained = runner.trained()
    const dataset = `${model.metadata['mnist.dataset'] ?? 'unknown'}; then ${examples.length} drawn examples of one hand`
    return {
      model: encodeModel({ ...trained, metadata: { ...trained.metadata, 'mnist.dataset': dataset } }),
      examples: { before: countOf(before.own), after: countOf(after.own), total: examples.length },
      others: { before: before.others, after: after.others },
    }
  } finally {
    await runner.close()
  }
}

/** Names of the weights of the last dense layers. */
function lastDense({ nodes }: Graph, count: number): ReadonlySet<string> {
  const dense = nodes.filter(({ opType }) => opType === 'Gemm')
  return new Set(dense.slice(-count).flatMap(({ inputs }) => inputs.slice(1)))
}

function digitsOf(examples: readonly Example[]): Digits {
  const images = new Uint8Array(examples.length * DIGIT_PIXELS)
  for (const [index, { pixels }] of examples.entries()) images.set(pixels, index * DIGIT_PIXELS)
  return { images, labels: Uint8Array.from(examples, ({ label }) => label), count: examples.length }
}

interface Variation {
  /** Chooses the examples. */
  readonly random: () => number
  /** Varies them. */
  readonly variations: () => number
  readonly count: number
}

function varied(examples: readonly Example[], { random, variations, count }: Variation): Batch {
  const pixels = new Float32Array(count * DIGIT_PIXELS)
  const labels = new Uint8Array(count)
  for (let row = 0; row < count; row++) {
    const example = examples[Math.floor(random() * examples.length)] as Example
    jitterInto(pixels.subarray(row * DIGIT_PIXELS, (row + 1) * DIGIT_PIXELS), example.pixels, variations)
    labels[row] = example.label
  }
  return { pixels, labels }
}

function mixed(parts: readonly Batch[]): Batch {
  const rows = parts.reduce((sum, { labels }) => sum + labels.length, 0)
  const batch: Batch = { pixels: new Float32Array(rows * DIGIT_PIXELS), labels: new Uint8Array(rows) }
  let row = 0
  for (const { pixels, labels } of parts) {
    batch.pixels.set(pixels, row * DIGIT_PIXELS)
    batch.labels.set(labels, row)
    row += labels.length
  }
  return batch
}

function countOf(right: readonly boolean[]): number {
  return right.filter(Boolean).length
}
