/** `mnist-infer` on many pictures: a report, a record a picture, as a stream on standard output or as a file to go on with. */
import { availableParallelism } from 'node:os'
import { UserError } from 'mnist-export/errors'
import { entriesOf } from '../bulk/entries.js'
import { madeWith } from '../bulk/made-with.js'
import { FORMATS, type Format, HEADS } from '../bulk/records.js'
import { openReport, unanswered } from '../bulk/report-file.js'
import { runBulk } from '../bulk/run.js'
import { parseShard, shardOf } from '../bulk/shard.js'
import type { ClassifyArguments } from './classify-command.js'
import type { ReportArguments } from './classify-options.js'
import { checkWhole } from './numbers.js'
import { printable } from './printable.js'
import { STANDARD_INPUT } from './standard-input.js'

export interface BulkArguments extends ClassifyArguments, ReportArguments {}

/** Pictures of a task unless the user says otherwise: a hundredth of a second's work. */
const BATCH_SIZE = 256

function isReport(format: string | undefined): format is Format {
  return FORMATS.some((known) => known === format)
}

export async function bulkCommand(args: BulkArguments): Promise<void> {
  try {
    await writeReport(args)
  } catch (error) {
    // Who read the report has seen enough of it, as `head` does.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

async function writeReport(args: BulkArguments): Promise<void> {
  const { pictures, list, format = 'jsonl', output, resume, batchSize = BATCH_SIZE, shard = '0/1' } = args
  const part = parseShard(shard)
  checkArguments(args)
  if (!isReport(format)) throw new Error(`internal: ${format} is no report`)
  const named = { pictures, list: list === '-' ? STANDARD_INPUT : list }
  const { model, invert, top } = args
  const report =
    output === undefined
      ? standardOutput(format)
      : await openReport(output, { format, resume, madeWith: await madeWith({ model, invert, top }) })
  const started = performance.now()
  const { failed, pictures: count } = await runBulk(unanswered(shardOf(entriesOf(named), part), report.answered), {
    classifier: { model, provider: args.provider, threads: 1 },
    invert,
    format,
    top,
    workers: args.threads ?? availableParallelism(),
    batchSize,
    write: report.append,
    onReady: (runs) => {
      if (args.verbose) note(printable(runs))
    },
  })
  const seconds = (performance.now() - started) / 1000
  if (args.verbose) note(`${count.toLocaleString('en-US')} pictures in ${seconds.toFixed(2)} s`)
  if (failed === 0) return
  note(
    `${failed.toLocaleString('en-US')} of ${count.toLocaleString('en-US')} pictures could not be read: the report says why`,
  )
  process.exitCode = 1
}

function checkArguments(args: BulkArguments): void {
  const { pictures, list, format, output, resume, json } = args
  checkWhole('top', args.top, { least: 1, most: 10 })
  checkWhole('threads', args.threads, { least: 1, most: 256 })
  checkWhole('batch-size', args.batchSize, { least: 1, most: 10_000 })
  const unfit = json ? '--json' : format !== undefined && !isReport(format) ? `--format ${format}` : undefined
  if (unfit !== undefined) {
    throw new UserError(
      'USAGE',
      `${unfit}: expected --format ${FORMATS.join(' or ')} for lists, archives, parts and files of answers`,
    )
  }
  for (const name of ['show', 'explain', 'multi'] as const) {
    if (args[name] !== undefined && args[name] !== false) {
      throw new UserError('USAGE', `--${name}: expected it with a table, found a report of many pictures`)
    }
  }
  if (resume && output === undefined)
    throw new UserError('USAGE', '--resume: expected --output FILE, found none to go on with')
  if (pictures.length === 0 && list === undefined) {
    throw new UserError(
      'USAGE',
      'expected pictures, found none: name files, folders, globs or archives, or --list FILE',
    )
  }
  if (
    [...pictures, ...(list === '-' ? [STANDARD_INPUT] : [list])].filter((name) => name === STANDARD_INPUT).length > 1
  ) {
    throw new UserError('USAGE', "'-': standard input can be read only once")
  }
}

/** The report as a stream; who reads it sets the pace. */
function standardOutput(format: Format) {
  let begun = false
  // The write that meets it reports it; by itself, it would end the process with a stack trace.
  process.stdout.on('error', () => {})
  return {
    answered: new Map<string, number>(),
    append(text: string): Promise<void> {
      const whole = begun ? text : HEADS[format] + text
      begun = true
      return new Promise((resolve, reject) => {
        process.stdout.write(whole, (error) => (error ? reject(error) : resolve()))
      })
    },
  }
}

function note(line: string): void {
  process.stderr.write(`mnist-infer: ${line}\n`)
}
