/**
 * The report of a bulk run as a file that a run can go on with: whole records only are kept, so that whatever killed the last run, each
 * picture is answered exactly once.
 */
import { createReadStream, openSync, writeSync } from 'node:fs'
import { stat, truncate } from 'node:fs/promises'
import { errorLine } from 'mnist-export/cli'
import { UserError } from 'mnist-export/errors'
import { checkMadeWith, type MadeWith, writeMadeWith } from './made-with.js'
import { type Format, HEADS, pictureOf } from './records.js'

export interface ReportFile {
  /** How often each picture has been answered before. */
  readonly answered: Map<string, number>
  /** @throws UserError ENVIRONMENT where the disk is full or gone. */
  append(text: string): void
}

/**
 * @param resume Go on with the file, where there is one.
 * @throws UserError USAGE where it is there and is not to be gone on with, or was made with something else; INPUT where it is another
 * kind of file.
 */
export async function openReport(
  path: string,
  { format, resume, madeWith }: { format: Format; resume: boolean; madeWith: MadeWith },
): Promise<ReportFile> {
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new UserError('ENVIRONMENT', `${path}: expected a file to write, found a folder`)
  if (there !== undefined && there.size > 0 && there.isFile() && !resume) {
    throw new UserError('USAGE', `${path}: it is there already: go on with it by --resume, or name another file`)
  }
  const { answered, end } = there?.isFile() ? await readReport(path, format) : { answered: new Map(), end: 0 }
  const begun = end > HEADS[format].length
  if (begun) await checkMadeWith(path, madeWith)
  // The last record may be half there.
  if (there?.isFile() && end < there.size) await truncate(path, end)
  const file = attempt(path, () => openSync(path, 'a'))
  if (!begun && (there === undefined || there.isFile())) await writeMadeWith(path, madeWith)
  const append = (text: string): void => attempt(path, () => writeWhole(file, Buffer.from(text)))
  if (end === 0) append(HEADS[format])
  return { answered, append }
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new UserError('ENVIRONMENT', `${path}: ${errorLine(Object.assign(new Error(String(cause)), { code }))}`, {
      cause,
    })
  }
}

const QUOTE = 0x22
const LINE_FEED = 0x0a

/** The pictures of the whole records, and where the last of them ends. In CSV, line feeds within quotes end nothing. */
async function readReport(path: string, format: Format): Promise<{ answered: Map<string, number>; end: number }> {
  const answered = new Map<string, number>()
  let [end, number, quoted] = [0, 0, false]
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    const from = held.length
    held = Buffer.concat([held, chunk])
    let start = 0
    for (let index = from; index < held.length; index++) {
      const byte = held[index]
      if (byte === QUOTE && format === 'csv') quoted = !quoted
      if (byte !== LINE_FEED || quoted) continue
      const text = held.toString('utf8', start, index + 1)
      number++
      if (number > 1 || text !== HEADS[format]) count(answered, nameIn(text, { path, number, format }))
      start = index + 1
    }
    end += start
    held = held.subarray(start)
  }
  return { answered, end }
}

function nameIn(text: string, { path, number, format }: { path: string; number: number; format: Format }): string {
  try {
    return pictureOf(text, format)
  } catch (cause) {
    const message = `${path}: record ${number}: expected one of a ${format} report of mnist-infer, found another`
    throw new UserError('INPUT', message, { cause })
  }
}

function count(answered: Map<string, number>, name: string): void {
  answered.set(name, (answered.get(name) ?? 0) + 1)
}

/** Leaves out what the report has answered. */
export async function* unanswered<T extends { readonly name: string }>(
  entries: AsyncIterable<T>,
  answered: Map<string, number>,
): AsyncGenerator<T> {
  for await (const entry of entries) {
    const times = answered.get(entry.name) ?? 0
    if (times === 0) yield entry
    else if (times === 1) answered.delete(entry.name)
    else answered.set(entry.name, times - 1)
  }
}
