/** `--data`: what a compressed model is calibrated and measured on. */
import { CALIBRATION_EXAMPLES } from '../../compress/compress-verified.js'
import { digitIo } from '../../compress/digit-examples.js'
import {
  arrayExamples,
  type Examples,
  type LabelledDigits,
  type OpenSession,
  type Precision,
} from '../../compress/index.js'
import { UserError } from '../../errors.js'
import { countText } from '../../inspect/table.js'
import type { Model } from '../../onnx/model.js'
import { loadDigitTools } from './digit-tools.js'
import { readNpyFile } from './npy-file.js'

export interface Measurement {
  readonly test: LabelledDigits | Examples
  /** None of `test`. */
  readonly calibration: LabelledDigits | Examples
  readonly openSession: OpenSession
  /** In words. */
  readonly description: string
}

export interface MeasurementArguments {
  /** auto, mnist, synthetic, a folder, or an .npy file. */
  readonly data: string
  /** An .npy file. */
  readonly labels: string | undefined
  readonly precision: Precision
}

export function isArrayFile(data: string): boolean {
  return data.toLowerCase().endsWith('.npy')
}

export async function measurementOf(model: Model, args: MeasurementArguments): Promise<Measurement> {
  if (isArrayFile(args.data)) return arrayMeasurement(model, args)
  // Before any data is fetched for it.
  digitIo(model)
  const { loadDataset, openSession } = await loadDigitTools()
  const onNotice = (line: string): void => void process.stderr.write(`mnist-export: ${line}\n`)
  const { train, test, source } = await loadDataset({ data: args.data, onNotice })
  return {
    test,
    calibration: train,
    openSession: (bytes) => openSession(bytes, { provider: 'cpu' }),
    description: source.description,
  }
}

async function arrayMeasurement(model: Model, { data, labels, precision }: MeasurementArguments): Promise<Measurement> {
  const [array, classes] = await Promise.all([
    readNpyFile(data),
    labels === undefined ? undefined : readNpyFile(labels),
  ])
  const [count = 0, ...dims] = array.shape
  const rows = (start: number, end: number): Examples => {
    const each = array.data.length / count
    const part = { shape: [end - start, ...dims], data: array.data.subarray(start * each, end * each) }
    if (classes === undefined) return arrayExamples(model, part)
    const labelsEach = classes.data.length / count
    return arrayExamples(model, { ...part, labels: classes.data.subarray(start * labelsEach, end * labelsEach) })
  }
  if (classes !== undefined && classes.shape[0] !== count) {
    const found = `found ${countText(classes.shape[0] ?? 0)}`
    throw new UserError(
      'INPUT',
      `${labels}: expected a label for each of the ${countText(count)} examples of ${data}, ${found}`,
    )
  }
  if (precision === 'int8' && count < 2) {
    throw new UserError(
      'INPUT',
      `${data}: expected 2 examples or more, to calibrate on some and measure on others, found ${count}`,
    )
  }
  const calibrated = precision === 'int8' ? Math.min(CALIBRATION_EXAMPLES, Math.floor(count / 2)) : 0
  const { openSession } = await loadDigitTools()
  const truth = classes === undefined ? ' against what fp32 answers' : ''
  return {
    test: rows(calibrated, count),
    calibration: rows(0, Math.max(1, calibrated)),
    openSession: (bytes) => openSession(bytes, { provider: 'cpu' }),
    description: `${countText(count - calibrated)} examples of ${data}${truth}`,
  }
}
