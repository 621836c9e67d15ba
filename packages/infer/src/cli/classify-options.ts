/** The options of `mnist-infer <pictures…>`, and which of its two ways they ask for: a table of some, or a report of many. */
import type { Argv } from 'yargs'
import { MODEL_DEFAULTS, modelOptions } from './model-options.js'

const FORMATS = ['table', 'json', 'jsonl', 'csv'] as const

/** What is not said. */
export const CLASSIFY_DEFAULTS = {
  ...MODEL_DEFAULTS,
  top: 1,
  invert: 'auto',
  show: false,
  multi: false,
  json: false,
} as const

export function classifyOptions<T>(command: Argv<T>) {
  return modelOptions(command)
    .positional('pictures', {
      type: 'string',
      array: true,
      default: [],
      describe: "Files, folders, globs, tar and IDX archives; '-' for a picture on standard input",
    })
    .option('top', {
      type: 'number',
      default: CLASSIFY_DEFAULTS.top,
      describe: 'How many digits to list for each picture, 1 to 10',
    })
    .option('invert', {
      choices: ['auto', 'yes', 'no'] as const,
      default: CLASSIFY_DEFAULTS.invert,
      describe: 'yes: dark ink on light paper; no: light on dark, as MNIST has it; auto: find out',
    })
    .option('multi', { type: 'boolean', default: false, describe: 'Read every digit in a picture, as numbers' })
    .option('show', { type: 'boolean', default: false, describe: 'Show what the network saw' })
    .option('explain', { type: 'string', describe: 'Folder to write each step of the framing to, as PNG files' })
    .option('json', { type: 'boolean', default: false, describe: 'Print the answers as JSON' })
    .option('format', { choices: FORMATS, describe: 'jsonl, csv: a record a picture as it is read, on all cores' })
    .option('list', { type: 'string', describe: "File with a picture's name a line; '-' for standard input" })
    .option('output', { type: 'string', describe: 'File to write jsonl or csv to' })
    .option('resume', { type: 'boolean', default: false, describe: 'Go on with --output where it was cut off' })
    .option('shard', { type: 'string', describe: 'i/n: every n-th picture from the i-th on, i from 0 to n - 1' })
    .option('batch-size', { type: 'number', describe: 'Pictures a run of the model (default: 256)' })
    .example('$0 digit.png', 'read one picture')
    .example('$0 digit.png --model alexnet --top 3 --show', 'another model, three guesses, what it saw')
    .example("$0 scans 'photos/*.jpg' --json", 'a folder and a glob, as JSON')
    .example('$0 house.jpg --multi --json', 'a house number, each digit with its place')
    .example('$0 - < digit.png', 'a picture on standard input')
    .example('$0 scans --output digits.csv --format csv --resume', 'many pictures; after a crash, once more')
    .example("find . -name '*.png' -print0 | $0 --list - --format jsonl", 'a list from another command')
}

/** Archives, by their names: what a file holds is told by its bytes only when it is read. */
export const TAR_NAME = /\.(?:tar|tar\.gz|tgz)$/i
export const IDX_NAME = /[.-]idx3(?:-ubyte)?(?:\.gz)?$/i

export interface ReportArguments {
  readonly pictures: readonly string[]
  readonly format: string | undefined
  readonly list: string | undefined
  readonly output: string | undefined
  readonly resume: boolean
  readonly batchSize: number | undefined
  readonly shard: string | undefined
}

/** Whether the arguments ask for a report: by its format, by an option that only a report has, or by an archive. */
export function asksForReport({ pictures, format, list, output, resume, batchSize, shard }: ReportArguments): boolean {
  if (format === 'jsonl' || format === 'csv' || resume) return true
  if ([list, output, batchSize, shard].some((value) => value !== undefined)) return true
  return pictures.some((name) => TAR_NAME.test(name) || IDX_NAME.test(name))
}
