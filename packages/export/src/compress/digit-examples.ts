/** Digit pictures into a model and digits out of it, whatever layout it has them in. */
import { UserError } from '../errors.js'
import { DataType, type Model, type ValueInfo } from '../onnx/model.js'
import { elementCount } from '../onnx/tensor.js'
import type { Examples } from './examples.js'
import type { Feeds } from './session.js'
import { singleInput } from './single-input.js'

/** Digits as MNIST has them: pictures [count, 28, 28], paper 0 and ink 255; labels 0 to 9. */
export interface LabelledDigits {
  readonly images: Uint8Array
  readonly labels: Uint8Array
  readonly count: number
}

export interface DigitIo {
  readonly input: string
  /** The input's dimensions after the batch. */
  readonly shape: readonly number[]
  /** Pictures a run, where the model fixes it. */
  readonly batch: number | undefined
  /** The output with ten values a picture. */
  readonly output: string
  /** The input's values of paper and of full ink. */
  readonly paper: number
  readonly ink: number
}

const PIXELS = 28 * 28
const CLASSES = 10

/** @throws UserError UNSUPPORTED where the model does not read 28×28 pictures as one of ten digits. */
export function digitExamples(model: Model, digits: LabelledDigits): Examples {
  const io = digitIo(model)
  const { count, labels } = digits
  return {
    count,
    batch: io.batch,
    output: io.output,
    labels: labels.subarray(0, count),
    feed: (range) => digitFeed(io, digits, range),
  }
}

/** @throws UserError as `digitExamples`, which needs the digits too */
export function digitIo({ graph, metadata }: Model): DigitIo {
  const single = singleInput(graph)
  const shape = single === undefined ? undefined : pictureShape(single.input)
  const outputs = graph.outputs.filter(({ shape: each }) => each.length === 2 && each[1] === CLASSES)
  const output = outputs.find(({ name }) => name === 'logits') ?? outputs[0]
  if (single === undefined || shape === undefined || output === undefined) {
    throw new UserError(
      'UNSUPPORTED',
      `model ${graph.name}: expected one input of 28×28 pixels and an output [batch, 10] to measure its accuracy on digits, found others: ` +
        'compress it without the measurement (on the command line --data none), and test it yourself',
    )
  }
  const { input, batch } = single
  return { input: input.name, shape, batch, output: output.name, ...inkOf(metadata['mnist.input']) }
}

/** 784 values a picture: [1, 28, 28], [28, 28, 1], [28, 28] or [784]. */
function pictureShape({ dataType, shape }: ValueInfo): readonly number[] | undefined {
  const rest = shape.slice(1)
  const known = rest.filter((dim) => typeof dim === 'number')
  const pixels = elementCount(known)
  return dataType === DataType.FLOAT && known.length === rest.length && pixels === PIXELS ? known : undefined
}

/** What our own files say of themselves; others are taken to want ink 1 on paper 0. */
function inkOf(text: string | undefined): { paper: number; ink: number } {
  try {
    const { paper, ink } = JSON.parse(text ?? '{}')
    if (Number.isFinite(paper) && Number.isFinite(ink)) return { paper, ink }
  } catch {
    // Not ours.
  }
  return { paper: 0, ink: 1 }
}

/** Where the model fixes the batch, paper fills it up. */
function digitFeed(
  { input, shape, batch, paper, ink }: DigitIo,
  { images }: LabelledDigits,
  { start, end }: { start: number; end: number },
): Feeds {
  const count = batch ?? end - start
  const data = new Float32Array(count * PIXELS).fill(paper)
  const scale = (ink - paper) / 255
  const pixels = images.subarray(start * PIXELS, end * PIXELS)
  for (const [index, pixel] of pixels.entries()) data[index] = paper + scale * pixel
  return { [input]: { type: 'float32', dims: [count, ...shape], data } }
}
