/** `mnist-infer <pictures…>`: answers in the order of the arguments; a picture that cannot be read does not stop the others. */

import { errorLine } from 'mnist-export/cli'
import { UserError } from 'mnist-export/errors'
import { type Answer, type Classifier, type ClassifierOptions, createClassifier } from '../classify.js'
import type { Invert } from '../image/frame.js'
import { loadRuntime } from '../runtime/index.js'
import { answerJson, createTable, type Outcome } from './answers.js'
import { expandSources, type Source } from './expand-sources.js'
import type { Explainer } from './explain.js'
import { modelJson, runsLine } from './model-facts.js'
import { checkWhole } from './numbers.js'
import { printable } from './printable.js'
import { readStandardInput, STANDARD_INPUT } from './standard-input.js'
import { hasFullColour, terminalPicture } from './terminal-picture.js'

export interface ClassifyArguments {
  readonly pictures: readonly string[]
  readonly model: string
  readonly provider: NonNullable<ClassifierOptions['provider']>
  readonly threads: number | undefined
  readonly top: number
  readonly invert: Invert
  /** Every digit in a picture: another command's work. */
  readonly multi: boolean
  readonly show: boolean
  readonly explain: string | undefined
  readonly json: boolean
  readonly verbose: boolean
}

/** Pictures that are decoded while one is answered. */
const AHEAD = 8

export async function classifyCommand(args: ClassifyArguments): Promise<void> {
  checkArguments(args)
  // Both take tens of milliseconds to load; nothing below needs them before they are there.
  loadRuntime().catch(() => {})
  const [sources, classifier, explainer] = await Promise.all([
    expandSources(args.pictures),
    createClassifier({
      model: args.model,
      provider: args.provider,
      ...(args.threads === undefined ? {} : { threads: args.threads }),
    }),
    args.explain === undefined
      ? undefined
      : import('./explain.js').then(({ openExplainer }) => openExplainer(args.explain as string)),
  ])
  try {
    if (args.verbose) process.stderr.write(`mnist-infer: ${printable(runsLine(classifier.info))}\n`)
    const outcomes = answerAll(sources, { classifier, args, explainer })
    const failures = args.json
      ? await printJson(outcomes, classifier, args.top)
      : await printTable(outcomes, sources, args)
    if (failures > 0) process.exitCode = 1
  } finally {
    await classifier.close()
  }
}

function checkArguments({ pictures, top, threads }: ClassifyArguments): void {
  checkWhole('top', top, { least: 1, most: 10 })
  checkWhole('threads', threads, { least: 1 })
  if (pictures.length === 0) {
    throw new UserError(
      'USAGE',
      "expected pictures, found none: name files, folders or globs, or '-'; see mnist-infer --help",
    )
  }
  if (pictures.filter((picture) => picture === STANDARD_INPUT).length > 1) {
    throw new UserError('USAGE', "'-': standard input can be read only once")
  }
}

interface Answering {
  readonly classifier: Classifier
  readonly args: ClassifyArguments
  readonly explainer: Explainer | undefined
}

/** In order, with the next ones under way. */
async function* answerAll(sources: readonly Source[], answering: Answering): AsyncGenerator<Outcome> {
  const running: Promise<Outcome>[] = []
  for (const source of sources) {
    running.push(answerOne(source, answering))
    if (running.length >= AHEAD) yield await (running.shift() as Promise<Outcome>)
  }
  for (const last of running) yield await last
}

async function answerOne(source: Source, { classifier, args, explainer }: Answering): Promise<Outcome> {
  const { name } = source
  if ('error' in source) return { name, error: source.error }
  let answer: Answer
  try {
    const picture = 'stdin' in source ? { name, bytes: await readStandardInput() } : source.path
    const answers = await classifier.classify([picture], { invert: args.invert, explain: explainer !== undefined })
    answer = answers[0] as Answer
  } catch (error) {
    return { name, error }
  }
  // Outside: a full disk is not the picture's fault, and ends the command.
  await explainer?.write(name, answer.framed.steps)
  return { name, answer }
}

async function printJson(outcomes: AsyncIterable<Outcome>, { info }: Classifier, top: number): Promise<number> {
  const pictures: object[] = []
  let failures = 0
  for await (const outcome of outcomes) {
    if ('error' in outcome) failures += report(outcome.error)
    pictures.push(answerJson(outcome, top))
  }
  process.stdout.write(`${JSON.stringify({ ...modelJson(info), pictures })}\n`)
  return failures
}

async function printTable(
  outcomes: AsyncIterable<Outcome>,
  sources: readonly Source[],
  args: ClassifyArguments,
): Promise<number> {
  const table = createTable(
    sources.map(({ name }) => name),
    args.top,
  )
  let failures = 0
  let lines = 0
  for await (const outcome of outcomes) {
    if ('error' in outcome) {
      failures += report(outcome.error)
      continue
    }
    if (lines++ === 0) process.stdout.write(`${table.head}\n`)
    process.stdout.write(`${table.row(outcome.name, outcome.answer)}\n`)
    const { digit } = outcome.answer.framed
    if (args.show && digit !== null) {
      process.stdout.write(`${terminalPicture(digit, { colour: hasFullColour(process.stdout) })}\n`)
    }
  }
  return failures
}

function report(error: unknown): number {
  process.stderr.write(`mnist-infer: ${printable(errorLine(error))}\n`)
  return 1
}
