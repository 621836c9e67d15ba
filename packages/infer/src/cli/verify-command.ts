/** `mnist-infer verify`: a model's accuracy on labelled digits, in figures and as a picture of its mistakes. */
import { UserError } from 'mnist-export/errors'
import type { ClassifierOptions } from '../classify.js'
import { loadTestDigits, type TestDigits } from '../mnist/index.js'
import { loadRuntime } from '../runtime/index.js'
import { percent, verificationTable } from '../verify/table.js'
import { type Verification, verifyModel } from '../verify.js'
import { modelJson, runsLine } from './model-facts.js'
import { checkShare, checkWhole } from './numbers.js'
import { checkWritable, writePng, writeWhole } from './write-file.js'

export interface VerifyArguments {
  readonly model: string
  readonly provider: NonNullable<ClassifierOptions['provider']>
  readonly threads: number | undefined
  readonly data: string
  readonly minAccuracy: number | undefined
  readonly misread: string | undefined
  readonly report: string | undefined
  readonly batchSize: number | undefined
  readonly json: boolean
  readonly verbose: boolean
}

export async function verifyCommand(args: VerifyArguments): Promise<void> {
  checkWhole('threads', args.threads, { least: 1 })
  checkWhole('batch-size', args.batchSize, { least: 1, most: 10_000 })
  checkShare('min-accuracy', args.minAccuracy)
  for (const path of [args.misread, args.report]) if (path !== undefined) await checkWritable(path)
  // While the digits are read.
  loadRuntime().catch(() => {})
  const note = (line: string): void => void process.stderr.write(`mnist-infer: ${line}\n`)
  const digits = await loadTestDigits({ data: args.data, onNotice: note })
  const result = await verifyModel(args.model, digits.test, {
    provider: args.provider,
    ...(args.threads === undefined ? {} : { threads: args.threads }),
    ...(args.batchSize === undefined ? {} : { batchSize: args.batchSize }),
  })
  if (args.verbose) note(runsLine(result.model))
  if (args.misread !== undefined) {
    const { misreadSheet } = await import('../verify/misread-sheet.js')
    await writePng(args.misread, misreadSheet(result.misread, digits.test))
  }
  if (args.report !== undefined) await writeReport(args.report, result, digits)
  process.stdout.write(
    args.json ? `${JSON.stringify(jsonOf(result, digits))}\n` : `${textOf(result, digits, args.misread)}\n`,
  )
  checkThreshold(result, args)
}

/** The HTML file, and beside it the same figures as JSON. */
async function writeReport(path: string, verification: Verification, { test, source }: TestDigits): Promise<void> {
  const { compareProviders } = await import('../verify/compare-providers.js')
  const { htmlReport } = await import('../verify/html-report.js')
  const { model, probabilities } = verification
  const providers = await compareProviders(model.path, test, { reference: probabilities, except: model.provider.name })
  const html = await htmlReport({ verification, digits: test, data: source.description, providers })
  await writeWhole(path, Buffer.from(html))
  const json = { ...jsonOf(verification, { test, source }), providers }
  await writeWhole(jsonBeside(path), Buffer.from(`${JSON.stringify(json)}\n`))
}

function jsonBeside(path: string): string {
  return `${path.replace(/\.html?$/i, '')}.json`
}

function jsonOf({ model, probabilities: _, ...figures }: Verification, { source }: TestDigits) {
  return { ...modelJson(model), data: source, ...figures }
}

function textOf(result: Verification, { source }: TestDigits, misread: string | undefined): string {
  const { model, correct, total, accuracy, seconds, calibration } = result
  const counts = `${correct.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}`
  return [
    `${model.path} on ${source.description}: ${percent(accuracy)}, ${counts} right, in ${seconds.toFixed(2)} s`,
    '',
    verificationTable(result),
    '',
    `Expected calibration error: ${percent(calibration.expectedError)}`,
    ...(misread === undefined
      ? []
      : ['', `${misread}: the ${result.misread.length.toLocaleString('en-US')} misread digits`]),
  ].join('\n')
}

function checkThreshold({ accuracy, model }: Verification, { minAccuracy }: VerifyArguments): void {
  if (minAccuracy === undefined || accuracy >= minAccuracy) return
  throw new UserError('THRESHOLD', `${model.path}: expected an accuracy of at least ${minAccuracy}, found ${accuracy}`)
}
