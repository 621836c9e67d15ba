/** Answers as records of a report: JSON lines, or CSV as RFC 4180 has it. Each record ends with a line feed. */

import { errorLine } from 'mnist-export/cli'
import { answerJson, type Outcome } from '../cli/answers.js'

export const FORMATS = ['jsonl', 'csv'] as const

export type Format = (typeof FORMATS)[number]

/** What a report begins with. */
export const HEADS: Readonly<Record<Format, string>> = {
  jsonl: '',
  csv: 'picture,digit,probability,no digit,error\n',
}

/** @param top How many guesses JSON lines list. */
export function record(outcome: Outcome, format: Format, top: number): string {
  return format === 'jsonl' ? `${JSON.stringify(answerJson(outcome, top))}\n` : csvRecord(outcome)
}

function csvRecord(outcome: Outcome): string {
  const fields =
    'error' in outcome
      ? ['', '', '', errorLine(outcome.error)]
      : outcome.answer.digit === null
        ? ['', '', outcome.answer.reason, '']
        : [String(outcome.answer.digit), String(outcome.answer.probability), '', '']
  return `${[outcome.name, ...fields].map(csvField).join(',')}\n`
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** The name of a record's picture. @throws Error where it is no record of this format */
export function pictureOf(text: string, format: Format): string {
  if (format === 'csv') {
    const [, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*)),/.exec(text) ?? []
    const name = quoted?.replaceAll('""', '"') ?? plain
    if (name === undefined) throw new Error('no field before a comma')
    return name
  }
  const { picture } = JSON.parse(text) as { picture?: unknown }
  if (typeof picture !== 'string') throw new Error('no "picture"')
  return picture
}
