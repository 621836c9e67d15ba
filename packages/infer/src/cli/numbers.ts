/** Number options: yargs turns text into NaN without a word. */
import { UserError } from 'mnist-export/errors'

/** @throws UserError USAGE where the option is given and is no whole number within the bounds. */
export function checkWhole(
  option: string,
  value: number | undefined,
  { least, most }: { least: number; most?: number },
): void {
  if (value === undefined) return
  if (Number.isSafeInteger(value) && value >= least && (most === undefined || value <= most)) return
  const bounds = most === undefined ? `from ${least} up` : `from ${least} to ${most}`
  throw new UserError('USAGE', `--${option}: expected a whole number ${bounds}, found ${value}`)
}

/** @throws UserError USAGE where the option is given and is no number from 0 to 1. */
export function checkShare(option: string, value: number | undefined): void {
  if (value === undefined || (value >= 0 && value <= 1)) return
  throw new UserError('USAGE', `--${option}: expected a number from 0 to 1, found ${value}`)
}
