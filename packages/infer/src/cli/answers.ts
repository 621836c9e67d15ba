/** Answers as lines of a table and as JSON. */
import { errorLine } from 'mnist-export/cli'
import type { Answer } from '../classify.js'
import type { Guess } from '../model/decide.js'
import { printable } from './printable.js'

/** Longer names than this push their line's columns out instead of everyone's. */
const WIDEST_NAME = 60

/** A picture's answer, or why there is none. */
export type Outcome =
  | { readonly name: string; readonly answer: Answer }
  | { readonly name: string; readonly error: unknown }

export interface AnswerTable {
  readonly head: string
  row(name: string, answer: Answer): string
}

/** `picture  digit  probability`, and the further guesses behind. */
export function createTable(names: readonly string[], top: number): AnswerTable {
  const width = Math.min(WIDEST_NAME, Math.max('picture'.length, ...names.map((name) => printable(name).length)))
  const line = (name: string, digit: string, rest: string): string =>
    `${name.padEnd(width)}  ${digit.padStart(5)}  ${rest}`.trimEnd()
  return {
    head: line('picture', 'digit', `probability${top > 1 ? '  then' : ''}`),
    row(name, answer) {
      if (answer.digit === null) return line(printable(name), '–', `no digit: ${answer.reason}`)
      const others = answer.ranking.slice(1, top).map((guess) => `${guess.digit} ${percent(guess)}`)
      return line(printable(name), String(answer.digit), [percent(answer).padStart(11), ...others].join('  '))
    },
  }
}

function percent({ probability }: Guess): string {
  return `${(100 * probability).toFixed(2)} %`
}

/** One picture of the `--json` report, with the `top` likeliest digits. */
export function answerJson(outcome: Outcome, top: number): object {
  const picture = outcome.name
  if ('error' in outcome) return { picture, error: errorLine(outcome.error) }
  const { answer } = outcome
  if (answer.digit === null) return { picture, digit: null, reason: answer.reason }
  const { digit, probability, ranking, polarity, box } = answer
  return { picture, digit, probability, polarity, box, top: ranking.slice(0, top) }
}
