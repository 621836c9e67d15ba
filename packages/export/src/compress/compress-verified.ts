/** Compression past a gate: what reads the test pictures worse than it may is not given out. */
import { UserError } from '../errors.js'
import { encodeModel } from '../onnx/encode.js'
import type { Model } from '../onnx/model.js'
import { calibrationValues, type Ranges, withOutputs } from './calibration.js'
import { type CompressOptions, compressModel } from './compress.js'
import {
  type Accuracy,
  accuracyOf,
  type DigitIo,
  digitFeed,
  digitIo,
  type LabelledDigits,
  type OpenSession,
} from './digit-io.js'
import { RangeObserver } from './range-observer.js'

export interface VerifiedOptions extends Omit<CompressOptions, 'ranges'> {
  /** Points of a hundred that the accuracy may fall by. Default 0.1. */
  readonly maxAccuracyDrop?: number
  /** What it is measured on. */
  readonly test: LabelledDigits
  /** What `int8` is calibrated on: the first 256 of them. Others than `test`, or the measurement flatters. */
  readonly calibration: LabelledDigits
  readonly openSession: OpenSession
  /** Told how far a measurement is. */
  readonly onProgress?: (what: string, done: number, total: number) => void
}

export interface VerifiedModel {
  /** Its metadata says the precision, and as `mnist.test_accuracy` what was measured. */
  readonly model: Model
  readonly before: Accuracy
  readonly after: Accuracy
}

const CALIBRATION_PICTURES = 256

/** Every activation of so many pictures is in memory at once. */
const CALIBRATION_BATCH = 16

/**
 * Compresses a model that reads digits, and measures it before and after.
 * @throws UserError THRESHOLD where it reads too much worse; UNSUPPORTED as `compressModel`, or where it reads no 28×28 digits
 */
export async function compressVerified(
  model: Model,
  { maxAccuracyDrop = 0.1, test, calibration, openSession, onProgress, ...options }: VerifiedOptions,
): Promise<VerifiedModel> {
  const io = digitIo(model)
  const ranges =
    options.precision === 'int8' ? { ranges: await measuredRanges(model, { io, calibration, openSession }) } : {}
  const compressed = compressModel(model, { ...options, ...ranges })
  const measured = async (what: string, each: Model): Promise<Accuracy> => {
    const session = await openSession(encodeModel(each))
    try {
      const progress = (done: number, total: number): void => onProgress?.(what, done, total)
      return await accuracyOf(session, { io, digits: test, onProgress: progress })
    } finally {
      await session.close()
    }
  }
  const before = await measured('fp32', model)
  const after = await measured(options.precision, compressed)
  const drop = (100 * (before.correct - after.correct)) / test.count
  if (drop > maxAccuracyDrop) {
    throw new UserError(
      'THRESHOLD',
      `${options.precision}: expected at most ${maxAccuracyDrop} points less than the ${percent(before)} before, found ${percent(after)}, ` +
        `${drop.toFixed(2)} points less: take a higher precision, or allow a larger drop`,
    )
  }
  const accuracy = String(after.correct / after.total)
  return {
    model: { ...compressed, metadata: { ...compressed.metadata, 'mnist.test_accuracy': accuracy } },
    before,
    after,
  }
}

interface Calibration {
  readonly io: DigitIo
  readonly calibration: LabelledDigits
  readonly openSession: OpenSession
}

async function measuredRanges(model: Model, { io, calibration, openSession }: Calibration): Promise<Ranges> {
  const names = calibrationValues(model)
  const observer = new RangeObserver()
  const session = await openSession(encodeModel(withOutputs(model, names)))
  try {
    const size = io.batch ?? CALIBRATION_BATCH
    const count = Math.min(calibration.count, CALIBRATION_PICTURES)
    for (let start = 0; start < count; start += size) {
      const outputs = await session.run(digitFeed(io, calibration, { start, end: Math.min(count, start + size) }))
      for (const name of names) observer.observe(name, outputs[name]?.data as Float32Array)
    }
  } finally {
    await session.close()
  }
  return observer.ranges()
}

/** `98.76 %` */
export function percent({ correct, total }: Accuracy): string {
  return `${((100 * correct) / total).toFixed(2)} %`
}
