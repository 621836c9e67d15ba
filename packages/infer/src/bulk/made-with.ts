/**
 * What a report's answers are made with, in a small file beside it: a run that goes on with the report must not mix the answers of two
 * models, or of two ways to read a picture.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { UserError } from 'mnist-export/errors'
import { writeWhole } from '../cli/write-file.js'
import type { Invert } from '../image/frame.js'
import { findModel } from '../model/find.js'

export interface MadeWith {
  /** As the user named it. */
  readonly model: string
  /** Of the model's file, in hexadecimal. */
  readonly sha256: string
  readonly invert: Invert
  /** How many guesses a record lists. */
  readonly top: number
}

/** Where it lies for a report. */
function madeWithPath(report: string): string {
  return `${report}.made-with.json`
}

/** @throws UserError INPUT where there is no such model. */
export async function madeWith({ model, invert, top }: Omit<MadeWith, 'sha256'>): Promise<MadeWith> {
  const sha256 = createHash('sha256')
    .update(await readFile(await findModel(model)))
    .digest('hex')
  return { model, sha256, invert, top }
}

/** @throws UserError ENVIRONMENT where it cannot be written. */
export async function writeMadeWith(report: string, now: MadeWith): Promise<void> {
  await writeWhole(madeWithPath(report), Buffer.from(`${JSON.stringify(now, null, 2)}\n`))
}

/**
 * That a report is gone on with as it was begun. One without the file is taken at the user's word.
 * @throws UserError USAGE where it was made with something else, INPUT where the file is not what `writeMadeWith` writes.
 */
export async function checkMadeWith(report: string, now: MadeWith): Promise<void> {
  const path = madeWithPath(report)
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return
  const before = parse(text, path)
  const other = (['sha256', 'invert', 'top'] as const).find((key) => before[key] !== now[key])
  if (other === undefined) return
  const [was, is] =
    other === 'sha256' ? [title(before), title(now)] : [before, now].map((each) => `--${other} ${each[other]}`)
  throw new UserError(
    'USAGE',
    `${report}: it was begun with ${was}, found ${is}: go on as it was begun, or name another file`,
  )
}

function title({ model, sha256 }: MadeWith): string {
  return `model ${model} (SHA-256 ${sha256.slice(0, 12)}…)`
}

function parse(text: string, path: string): MadeWith {
  try {
    const { model, sha256, invert, top } = JSON.parse(text) as Partial<MadeWith>
    if (typeof model === 'string' && typeof sha256 === 'string' && invert !== undefined && top !== undefined)
      return { model, sha256, invert, top }
  } catch {
    // Told below.
  }
  throw new UserError(
    'INPUT',
    `${path}: expected what its report was made with, found something else: delete it to go on regardless`,
  )
}
