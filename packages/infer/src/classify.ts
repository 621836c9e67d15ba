/** Pictures to digits: a model, opened once, and the framing before it. */
import { readFile } from 'node:fs/promises'
import { UserError } from 'mnist-export/errors'
import { decodePicture } from './image/decode.js'
import { type Framed, type FramedMany, type FrameOptions, frameDigit, frameDigits } from './image/frame.js'
import type { Polarity } from './image/ink.js'
import type { Box, GreyPicture } from './image/picture.js'
import type { NamedBytes } from './image/source.js'
import { CLASSES, DIGIT_PIXELS, DIGIT_SIZE } from './mnist/digits.js'
import { type DigitModel, readDigitModel } from './model/contract.js'
import { decide, type Guess } from './model/decide.js'
import { DEFAULT_MODEL, findModel } from './model/find.js'
import { float32, openSession, type ProviderReport, type Session, type SessionOptions } from './runtime/index.js'

export interface ClassifierOptions extends Pick<SessionOptions, 'provider' | 'threads'> {
  /** A path, or a name that is looked up (`findModel`); `DEFAULT_MODEL` by default. */
  readonly model?: string
}

export interface DigitAnswer extends Guess {
  /** All ten digits, the likeliest first. */
  readonly ranking: readonly Guess[]
  readonly polarity: Polarity
  /** Where the digit is in the picture, in pixels. */
  readonly box: Box
  readonly framed: Framed
}

/** A picture without a digit: blank, noise, or something that no digit is likely to be. */
export interface NoDigitAnswer {
  readonly digit: null
  readonly reason: string
  readonly framed: Framed
}

export type Answer = DigitAnswer | NoDigitAnswer

export interface ManyAnswer {
  /** Rows from the top, each from the left. */
  readonly rows: readonly (readonly Answer[])[]
  /** Why there is no digit; undefined where there are some. */
  readonly reason: string | undefined
  readonly framed: FramedMany
}

export interface ModelFacts extends DigitModel {
  readonly path: string
  /** Size of the file, in bytes. */
  readonly bytes: number
  readonly provider: ProviderReport
}

export interface Classifier {
  readonly info: ModelFacts
  /**
   * Decodes, frames and classifies pictures, in order: paths, bytes with a name, or grey pixels.
   *
   * @throws UserError INPUT or UNSUPPORTED for the first picture that cannot be read.
   */
  classify(pictures: readonly (string | NamedBytes | GreyPicture)[], options?: FrameOptions): Promise<Answer[]>
  /**
   * Every digit in a picture, a house number or a cheque's amount, in the order of reading.
   *
   * @throws UserError INPUT or UNSUPPORTED for a picture that cannot be read.
   */
  classifyMany(picture: string | NamedBytes | GreyPicture, options?: FrameOptions): Promise<ManyAnswer>
  /** Classifies what has been framed before, in order. */
  classifyFramed(framed: readonly Framed[]): Promise<Answer[]>
  /**
   * Probabilities of digits that are framed already.
   *
   * @param images [count, 28, 28], paper 0, full ink 255, as `Digits` has them.
   * @returns [count, 10]
   */
  probabilities(images: Uint8Array): Promise<Float32Array>
  close(): Promise<void>
}

/**
 * Opens a model for classifying.
 *
 * @throws UserError INPUT where there is no such model or it is no digit model, ENVIRONMENT where the provider cannot be had.
 */
export async function createClassifier({
  model = DEFAULT_MODEL,
  ...options
}: ClassifierOptions = {}): Promise<Classifier> {
  const path = await findModel(model)
  const bytes = await readFile(path)
  // Before ONNX Runtime sees them: its own messages are for developers, and it would follow external data to other files.
  const digitModel = readDigitModel(bytes, path)
  const session = await openNamed(path, bytes, options)
  const probabilities = (images: Uint8Array): Promise<Float32Array> => runBatches({ session, digitModel, path }, images)
  const classifyFramed = async (framed: readonly Framed[]): Promise<Answer[]> => {
    const found = framed.flatMap(({ digit }) => (digit === null ? [] : [digit.pixels]))
    const rows = await probabilities(Buffer.concat(found))
    let row = 0
    return framed.map((one) => {
      if (one.digit === null) return { digit: null, reason: one.reason, framed: one }
      const probabilities = rows.subarray(row * CLASSES, ++row * CLASSES)
      return answerOf(one, { probabilities, least: digitModel.leastProbability })
    })
  }
  return {
    info: { ...digitModel, path, bytes: bytes.length, provider: session.provider },
    probabilities,
    classifyFramed,
    async classifyMany(picture, frameOptions) {
      const framed = frameDigits(await greyOf(picture), frameOptions)
      const answers = await classifyFramed(framed.rows.flat())
      let next = 0
      const rows = framed.rows.map((row) => row.map(() => answers[next++] as Answer))
      return { rows, reason: framed.reason, framed }
    },
    async classify(pictures, frameOptions) {
      return classifyFramed(
        await Promise.all(pictures.map(async (picture) => frameDigit(await greyOf(picture), frameOptions))),
      )
    },
    close: () => session.close(),
  }
}

async function openNamed(path: string, bytes: Uint8Array, options: SessionOptions): Promise<Session> {
  try {
    return await openSession(bytes, options)
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'INPUT') throw error
    throw new UserError('INPUT', `${path}: ${error.message}`, { cause: error })
  }
}

async function greyOf(picture: string | NamedBytes | GreyPicture): Promise<GreyPicture> {
  return typeof picture === 'object' && 'pixels' in picture ? picture : decodePicture(picture)
}

function answerOf(
  framed: Framed & { digit: GreyPicture },
  { probabilities, least }: { probabilities: Float32Array; least: number },
): Answer {
  const decision = decide(probabilities, least)
  if (decision.digit === null) return { ...decision, framed }
  const { polarity, box } = framed
  return { ...decision, polarity, box, framed }
}

export interface Running {
  readonly session: Session
  readonly digitModel: DigitModel
  readonly path: string
}

/** The most pictures in one run: what AlexNet makes of them still fits into a gigabyte. */
const LARGEST_BATCH = 256

/**
 * Runs a model on digits that are framed already, in batches that it takes.
 *
 * @param images [count, 28, 28], paper 0, full ink 255.
 * @returns Probabilities, [count, 10]
 */
export async function runBatches(running: Running, images: Uint8Array): Promise<Float32Array> {
  const count = images.length / DIGIT_PIXELS
  if (!Number.isInteger(count))
    throw new Error(`internal: ${images.length} pixels are no whole number of 28×28 pictures`)
  const size = running.digitModel.batch ?? LARGEST_BATCH
  const results = new Float32Array(count * CLASSES)
  for (let start = 0; start < count; start += size) {
    const end = Math.min(count, start + size)
    const batch = images.subarray(start * DIGIT_PIXELS, end * DIGIT_PIXELS)
    results.set((await runBatch(running, batch, end - start)).subarray(0, (end - start) * CLASSES), start * CLASSES)
  }
  return results
}

async function runBatch(
  { session, digitModel, path }: Running,
  images: Uint8Array,
  count: number,
): Promise<Float32Array> {
  const { batch = count, output, range } = digitModel
  // A model of a fixed batch gets bare paper for the pictures that are lacking.
  const values = new Float32Array(batch * DIGIT_PIXELS).fill(range.paper)
  const scale = (range.ink - range.paper) / 255
  for (let index = 0; index < images.length; index++) values[index] = range.paper + scale * (images[index] as number)
  const image = float32(values, [batch, 1, DIGIT_SIZE, DIGIT_SIZE])
  const result = await session.run({ image }, { outputs: [output] }).catch((cause: Error) => {
    throw new UserError('INPUT', `${path}: expected it to run, found: ${cause.message.split('\n', 1)[0]}`, { cause })
  })
  const { dims, data } = result[output] as { dims: readonly number[]; data: Float32Array }
  if (dims.length !== 2 || dims[0] !== batch || dims[1] !== CLASSES) {
    throw new UserError('INPUT', `${path}: expected ${output} [${batch}, ${CLASSES}], found [${dims.join(', ')}]`)
  }
  return output === 'probabilities' ? data : softmaxRows(data)
}

/** Softmax of each row of logits, [count, 10], its greatest taken away first so that no exponential overflows. */
export function softmaxRows(logits: Float32Array): Float32Array {
  const out = new Float32Array(logits.length)
  for (let start = 0; start < logits.length; start += CLASSES) {
    const row = logits.subarray(start, start + CLASSES)
    const greatest = Math.max(...row)
    const exponentials = row.map((value) => Math.exp(value - greatest))
    const sum = exponentials.reduce((total, value) => total + value, 0)
    out.set(
      exponentials.map((value) => value / sum),
      start,
    )
  }
  return out
}
