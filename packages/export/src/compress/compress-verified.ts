/** Compression past a gate: what reads the test pictures worse than it may is not given out. */
import { UserError } from '../errors.js'
import { encodeModel } from '../onnx/encode.js'
import type { Model } from '../onnx/model.js'
import { calibrationValues, type Ranges, withOutputs } from './calibration.js'
import { type CompressOptions, compressModel } from './compress.js'
import { digitExamples, type LabelledDigits } from './digit-examples.js'
import { type Accuracy, accuracyOf, answersOf, type Examples, percent } from './examples.js'
import { RangeObserver } from './range-observer.js'
import type { OpenSession } from './session.js'

export interface VerifiedOptions extends Omit<CompressOptions, 'ranges'> {
  /** Points of a hundred that the accuracy may fall by. Default 0.1. */
  readonly maxAccuracyDrop?: number
  /** What it is measured on: digits, or a model's own examples (`arrayExamples`). */
  readonly test: LabelledDigits | Examples
  /** What `int8` is calibrated on: the first 256 of them. Others than `test`, or the measurement flatters. */
  readonly calibration: LabelledDigits | Examples
  readonly openSession: OpenSession
  /** Told how far a measurement is. */
  readonly onProgress?: (what: string, done: number, total: number) => void
}

export interface VerifiedModel {
  /** Its metadata says the precision; measured on digits, also the accuracy, as `mnist.test_accuracy`. */
  readonly model: Model
  readonly before: Accuracy
  readonly after: Accuracy
}

/** Of those given for it. */
export const CALIBRATION_EXAMPLES = 256

/** Every activation of so many examples is in memory at once. */
const CALIBRATION_BATCH = 16

/**
 * Compresses a model, and measures it before and after.
 * @throws UserError THRESHOLD where it answers too much worse; UNSUPPORTED as `compressModel`, or where it cannot be given the examples
 */
export async function compressVerified(
  model: Model,
  { maxAccuracyDrop = 0.1, test, calibration, openSession, onProgress, ...options }: VerifiedOptions,
): Promise<VerifiedModel> {
  const examples = examplesOf(model, test)
  const ranges =
    options.precision === 'int8'
      ? { ranges: await measuredRanges(model, { examples: examplesOf(model, calibration), openSession }) }
      : {}
  const compressed = compressModel(model, { ...options, ...ranges })
  const measured = async (what: string, each: Model): Promise<readonly number[]> => {
    const session = await openSession(encodeModel(each))
    try {
      return await answersOf(session, { examples, onProgress: (done, total) => onProgress?.(what, done, total) })
    } finally {
      await session.close()
    }
  }
  const answers = await measured('fp32', model)
  const labels = examples.labels ?? answers
  const before = accuracyOf(answers, labels)
  const after = accuracyOf(await measured(options.precision, compressed), labels)
  const drop = (100 * (before.correct - after.correct)) / after.total
  if (drop > maxAccuracyDrop) {
    throw new UserError(
      'THRESHOLD',
      `${options.precision}: expected at most ${maxAccuracyDrop} points less than the ${percent(before)} before, found ${percent(after)}, ` +
        `${drop.toFixed(2)} points less: take a higher precision, or allow a larger drop`,
    )
  }
  // The accuracy that the metadata claims is the fp32 file's.
  const { 'mnist.test_accuracy': _, ...metadata } = compressed.metadata
  const claim = 'images' in test ? { 'mnist.test_accuracy': String(after.correct / after.total) } : {}
  return { model: { ...compressed, metadata: { ...metadata, ...claim } }, before, after }
}

function examplesOf(model: Model, data: LabelledDigits | Examples): Examples {
  return 'images' in data ? digitExamples(model, data) : data
}

async function measuredRanges(
  model: Model,
  { examples, openSession }: { examples: Examples; openSession: OpenSession },
): Promise<Ranges> {
  const names = calibrationValues(model)
  const observer = new RangeObserver()
  const session = await openSession(encodeModel(withOutputs(model, names)))
  try {
    const size = examples.batch ?? CALIBRATION_BATCH
    const count = Math.min(examples.count, CALIBRATION_EXAMPLES)
    for (let start = 0; start < count; start += size) {
      const outputs = await session.run(examples.feed({ start, end: Math.min(count, start + size) }))
      for (const name of names) observer.observe(name, outputs[name]?.data as Float32Array)
    }
  } finally {
    await session.close()
  }
  return observer.ranges()
}
