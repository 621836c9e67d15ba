/** `mnist-infer --multi`: every digit in each picture, as the numbers that they make, a row of digits a number. */
import { errorLine } from 'mnist-export/cli'
import { UserError } from 'mnist-export/errors'
import { type Answer, type Classifier, createClassifier, type ManyAnswer } from '../classify.js'
import type { FramedDigit } from '../image/frame.js'
import type { ClassifyArguments } from './classify-command.js'
import { expandSources, type Source } from './expand-sources.js'
import { modelJson, runsLine } from './model-facts.js'
import { checkWhole } from './numbers.js'
import { printable } from './printable.js'
import { readStandardInput } from './standard-input.js'
import { hasFullColour, terminalPicture } from './terminal-picture.js'

export async function multiCommand(args: ClassifyArguments): Promise<void> {
  const { pictures, model, provider, threads, invert, explain } = args
  checkWhole('top', args.top, { least: 1, most: 10 })
  checkWhole('threads', threads, { least: 1 })
  if (pictures.length === 0) {
    throw new UserError(
      'USAGE',
      "expected pictures, found none: name files, folders or globs, or '-'; see mnist-infer --help",
    )
  }
  const explainer = explain === undefined ? undefined : await (await import('./explain.js')).openExplainer(explain)
  const sources = await expandSources(pictures)
  const classifier = await createClassifier({ model, provider, ...(threads === undefined ? {} : { threads }) })
  const found: object[] = []
  try {
    if (args.verbose) process.stderr.write(`mnist-infer: ${printable(runsLine(classifier.info))}\n`)
    for (const source of sources) {
      let answer: ManyAnswer
      try {
        answer = await read(source, classifier, { invert, explain: explainer !== undefined })
      } catch (error) {
        process.stderr.write(`mnist-infer: ${printable(errorLine(error))}\n`)
        process.exitCode = 1
        found.push({ picture: source.name, error: errorLine(error) })
        continue
      }
      await explainer?.write(source.name, answer.framed.steps)
      if (args.json) found.push(manyJson(source.name, answer, args.top))
      else process.stdout.write(`${manyText(source.name, answer, args.show)}\n`)
    }
    if (args.json) process.stdout.write(`${JSON.stringify({ ...modelJson(classifier.info), pictures: found })}\n`)
  } finally {
    await classifier.close()
  }
}

async function read(
  source: Source,
  classifier: Classifier,
  options: Parameters<Classifier['classifyMany']>[1],
): Promise<ManyAnswer> {
  if ('error' in source) throw source.error
  const picture = 'stdin' in source ? { name: source.name, bytes: await readStandardInput() } : source.path
  return classifier.classifyMany(picture, options)
}

/** `1234`; what is no digit is a question mark. */
function numberOf(row: readonly Answer[]): string {
  return row.map(({ digit }) => digit ?? '?').join('')
}

/** `house.jpg: 42 (the least sure digit at 98.70 %)` */
function manyText(name: string, { rows, reason, framed }: ManyAnswer, show: boolean): string {
  if (reason !== undefined) return `${printable(name)}: no digit: ${reason}`
  const probabilities = rows.flat().map((answer) => (answer.digit === null ? 0 : answer.probability))
  const least = `${(100 * Math.min(...probabilities)).toFixed(2)} %`
  const line = `${printable(name)}: ${rows.map(numberOf).join(' ')}  (the least sure digit at ${least})`
  if (!show) return line
  const colour = hasFullColour(process.stdout)
  return [line, ...framed.rows.flat().map(({ digit }) => terminalPicture(digit, { colour }))].join('\n')
}

function manyJson(picture: string, { rows, reason, framed }: ManyAnswer, top: number): object {
  if (reason !== undefined) return { picture, numbers: [], reason }
  const digits = rows.map((row, y) =>
    row.map((answer, x) => {
      const { box, polarity } = (framed.rows[y] as readonly FramedDigit[])[x] as FramedDigit
      if (answer.digit === null) return { digit: null, reason: answer.reason, box }
      return { digit: answer.digit, probability: answer.probability, polarity, box, top: answer.ranking.slice(0, top) }
    }),
  )
  return { picture, numbers: rows.map(numberOf), digits: digits.flat() }
}
