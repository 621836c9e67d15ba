/** A verification's figures as text for a terminal. */
import type { Figures } from './report.js'

/** Per-class figures and the confusion matrix, each line without trailing spaces. */
export function verificationTable({ perClass, confusion }: Figures): string {
  const head = ['digit', 'precision', 'recall', 'F1', 'pictures']
  const rows = perClass.map(({ digit, precision, recall, f1, support }) => [
    String(digit),
    percent(precision),
    percent(recall),
    percent(f1),
    support.toLocaleString('en-US'),
  ])
  const matrixHead = ['', ...confusion.map((_, answer) => String(answer))]
  const matrix = confusion.map((row, label) => [
    String(label),
    ...row.map((count) => (count === 0 ? '·' : String(count))),
  ])
  return [
    ...alignRight([head, ...rows]),
    '',
    'Down: the digit; across: what it was read as.',
    ...alignRight([matrixHead, ...matrix]),
  ].join('\n')
}

/** Columns as wide as their widest cell, two spaces apart. */
export function alignRight(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] as number)).join('  '))
}

/** `97.71 %`; a dash where there is nothing to divide. */
export function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(share * 100).toFixed(2)} %`
}
