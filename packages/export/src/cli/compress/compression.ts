/** `--precision`: a model compressed for the command line, past the accuracy gate unless the user goes without. */

import { compressModel, compressVerified, type Precision } from '../../compress/index.js'
import { UserError } from '../../errors.js'
import { countText } from '../../inspect/table.js'
import { encodedPieces } from '../../onnx/encode.js'
import type { Model } from '../../onnx/model.js'
import { isArrayFile, measurementOf } from './measurement.js'

export interface CompressionArguments {
  readonly precision: Precision
  readonly fp16Compute: boolean
  /** auto, mnist, synthetic, a folder, an .npy file, or none. */
  readonly data: string
  /** An .npy file with the classes of those in `data`. */
  readonly labels: string | undefined
  /** In points of a hundred. */
  readonly maxAccuracyDrop: number
}

/** What `--json` prints of it. */
export interface CompressionOutcome {
  readonly precision: Precision
  /** Of the fp32 file. */
  readonly bytesBefore: number
  /** In words; null where nothing was measured. */
  readonly data: string | null
  /** Shares of the test examples, 0…1. */
  readonly accuracyBefore: number | null
  readonly accuracyAfter: number | null
}

export interface Compressed {
  readonly model: Model
  readonly outcome: CompressionOutcome
}

/** @throws UserError USAGE for options that do not go together, before anything is read. */
export function checkCompression({
  precision,
  fp16Compute,
  data,
  labels,
  maxAccuracyDrop,
}: CompressionArguments): void {
  if (fp16Compute && precision !== 'fp16') {
    throw new UserError('USAGE', `--fp16-compute: expected --precision fp16 with it, found ${precision}`)
  }
  if (!(maxAccuracyDrop >= 0)) {
    throw new UserError(
      'USAGE',
      `--max-accuracy-drop: expected points of a hundred, 0 or more, found ${maxAccuracyDrop}`,
    )
  }
  if (precision === 'int8' && data === 'none') {
    throw new UserError(
      'USAGE',
      '--data none: expected examples to calibrate int8 with; --precision int8-weights needs none',
    )
  }
  if (labels !== undefined && !isArrayFile(data)) {
    throw new UserError('USAGE', `--labels: expected --data with the .npy file that they belong to, found ${data}`)
  }
}

/** @throws UserError THRESHOLD where the model loses more accuracy than it may. */
export async function compressed(model: Model, args: CompressionArguments): Promise<Compressed> {
  const { precision, fp16Compute, data, maxAccuracyDrop } = args
  const options = { precision, ...(fp16Compute ? { fp16Compute } : {}) }
  const bytesBefore = encodedPieces(model).length
  if (data === 'none') {
    const unmeasured = { data: null, accuracyBefore: null, accuracyAfter: null }
    // The accuracy that the metadata claims is the fp32 file's.
    const { 'mnist.test_accuracy': _, ...metadata } = model.metadata
    const unclaimed = { ...model, metadata }
    return { model: compressModel(unclaimed, options), outcome: { precision, bytesBefore, ...unmeasured } }
  }
  const { description, ...measurement } = await measurementOf(model, args)
  const verified = await compressVerified(model, {
    ...options,
    ...measurement,
    maxAccuracyDrop,
    onProgress: showProgress,
  })
  return {
    model: verified.model,
    outcome: {
      precision,
      bytesBefore,
      data: description,
      accuracyBefore: verified.before.correct / verified.before.total,
      accuracyAfter: verified.after.correct / verified.after.total,
    },
  }
}

/** One line that is written over, for people alone. */
function showProgress(what: string, done: number, total: number): void {
  if (process.stderr.isTTY !== true) return
  const line = `measuring ${what}: ${countText(done)} of ${countText(total)}`
  process.stderr.write(done < total ? `\r${line}` : `\r${' '.repeat(line.length)}\r`)
}

/** Rows of the summary. */
export function compressionRows(outcome: CompressionOutcome, bytes: number): [string, string][] {
  const { precision, bytesBefore, data, accuracyBefore, accuracyAfter } = outcome
  const size = `${countText(bytesBefore)} → ${countText(bytes)} bytes, ${((100 * bytes) / bytesBefore).toFixed(1)} %`
  const accuracy =
    accuracyBefore === null || accuracyAfter === null
      ? 'not measured'
      : `${(100 * accuracyBefore).toFixed(2)} % → ${(100 * accuracyAfter).toFixed(2)} %, on ${data}`
  return [
    ['precision', precision],
    ['size', size],
    ['accuracy', accuracy],
  ]
}
