/** A trained network's file with the temperature in its weights and, in its metadata, the least probability of an answer. */
import { decodeModel, encodeModel, UserError } from 'mnist-export'
import { figuresOf } from 'mnist-infer'
import { createRandom, type Dataset, DIGIT_PIXELS, DIGIT_SIZE, generateOutliers } from 'mnist-infer/mnist'
import { float32, openSession } from 'mnist-infer/runtime'
import { augment } from '../augment/augment.js'
import { splitHeldOut } from '../augment/robust-pictures.js'
import type { EngineState } from '../engine/engine.js'
import { fitLeastProbability, fitTemperature, greatestOfRows, withTemperature } from './calibrate.js'
import type { CalibrationFacts } from './card.js'

/** New outliers, to say how many are told. */
const OUTLIERS = 3000

/** Pictures a run of the model. */
const BATCH = 500

export interface CalibratedModel {
  readonly bytes: Uint8Array
  readonly facts: CalibrationFacts
}

export interface CalibrationOptions {
  readonly dataset: Pick<Dataset, 'train' | 'test'>
  /** The run's: its outliers have been seen. */
  readonly seed: number
  readonly exportOf: (state: EngineState) => Promise<Uint8Array>
}

/**
 * Fits both on the held-out pictures, distorted as those that were trained on: what people bring is less even than MNIST.
 * @throws UserError INPUT where there are too few pictures
 */
export async function calibratedModel(
  state: EngineState,
  { dataset, seed, exportOf }: CalibrationOptions,
): Promise<CalibratedModel> {
  const { test, train } = dataset
  const { heldOut } = splitHeldOut(train)
  if (heldOut.count === 0) {
    throw new UserError(
      'INPUT',
      `${train.count} training pictures: expected 12 or more, to fit a temperature on a twelfth`,
    )
  }
  const distorted = distortedPictures(heldOut.images, seed)
  const raw = await exportOf(state)
  const temperature = fitTemperature(await outputOf(raw, 'logits', distorted), heldOut.labels)
  const before = figuresOf(test.labels, await outputOf(raw, 'probabilities', test.images))

  const cooled = await exportOf(withTemperature(state, temperature))
  const least = fitLeastProbability(await outputOf(cooled, 'probabilities', distorted))
  const outliers = generateOutliers({ count: OUTLIERS, seed: seed + 1 })
  const told = greatestOfRows(await outputOf(cooled, 'probabilities', outliers)).filter((most) => most < least)
  const model = decodeModel(cooled)
  const metadata = {
    ...model.metadata,
    'mnist.temperature': String(temperature),
    'mnist.least_probability': String(least),
  }
  return {
    bytes: encodeModel({ ...model, metadata }),
    facts: {
      temperature,
      leastProbability: least,
      errorBefore: before.calibration.expectedError,
      heldOut: heldOut.count,
      outliersTold: told.length / OUTLIERS,
    },
  }
}

function distortedPictures(images: Uint8Array, seed: number): Uint8Array {
  const out = new Uint8Array(images.length)
  for (let start = 0; start < images.length; start += DIGIT_PIXELS) {
    const end = start + DIGIT_PIXELS
    const random = createRandom(seed, `held-out picture ${start / DIGIT_PIXELS}`)
    augment(images.subarray(start, end), out.subarray(start, end), random)
  }
  return out
}

/**
 * @param images [count × 784], paper 0, full ink 255
 * @returns [count, 10]
 */
async function outputOf(
  model: Uint8Array,
  output: 'logits' | 'probabilities',
  images: Uint8Array,
): Promise<Float32Array> {
  const session = await openSession(model, { provider: 'cpu' })
  try {
    const rows: number[] = []
    for (let start = 0; start < images.length; start += BATCH * DIGIT_PIXELS) {
      const values = Float32Array.from(images.subarray(start, start + BATCH * DIGIT_PIXELS), (value) => value / 255)
      const image = float32(values, [values.length / DIGIT_PIXELS, 1, DIGIT_SIZE, DIGIT_SIZE])
      const result = await session.run({ image }, { outputs: [output] })
      rows.push(...((result[output] as { data: Float32Array }).data as Float32Array))
    }
    return Float32Array.from(rows)
  } finally {
    await session.close()
  }
}
