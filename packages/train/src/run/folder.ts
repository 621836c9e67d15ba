/**
 * A run's folder, `runs/<network>/<YYYYMMDD-HHMMSS>/`. The checkpoint is the truth; every other file in it is derived from a
 * checkpoint's progress, whole and by one rename, so that what a crash leaves behind can be derived again.
 */
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UserError } from 'mnist-export'
import { renderSvg } from 'mnist-infer/image'
import { type Checkpoint, checkpointFile, writeCheckpoint } from './checkpoint.js'
import { drawCurves } from './curves.js'
import type { RunEvent } from './events.js'
import { type EpochMetrics, resultsText } from './results.js'
import type { RunSettings } from './settings.js'
import { isPartial, writeWholeFile } from './whole-file.js'

/** What a run's `run.json` says: all but the weights. */
export interface RunRecord {
  readonly settings: RunSettings
  readonly status: 'unfinished' | 'finished'
  readonly history: readonly EpochMetrics[]
  readonly events: readonly RunEvent[]
}

export interface Run extends RunRecord {
  readonly folder: string
}

/** `20261124-093005`, in local time: a name that people recognise and that sorts by age. */
export function stampOf(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`
}

/** Makes the folder of a new run, whole or not at all: it is filled under a hidden name and then renamed. */
export async function createRunFolder(runsFolder: string, initial: Checkpoint, date = new Date()): Promise<string> {
  const parent = join(runsFolder, initial.settings.network)
  await mkdir(parent, { recursive: true })
  // Where another run began within the same second, the next second's name.
  for (let second = 0; ; second++) {
    const stamp = stampOf(new Date(date.getTime() + second * 1000))
    const hidden = join(parent, `.${stamp}-${process.pid}`)
    try {
      await mkdir(dirname(checkpointFile(hidden)), { recursive: true })
      await writeCheckpoint(hidden, initial)
      await writeDerivedFiles(hidden, initial, stamp)
      await rename(hidden, join(parent, stamp))
      return join(parent, stamp)
    } catch (error) {
      await rm(hidden, { recursive: true, force: true })
      if (!TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}

/** How systems say that a folder of that name exists already and is not empty. */
const TAKEN = ['ENOTEMPTY', 'EEXIST']

/** Writes run.json, the results file, the metrics and the curves of a run that has come as far as `checkpoint`. */
export async function writeDerivedFiles(
  folder: string,
  checkpoint: Omit<Checkpoint, 'state'>,
  stamp = basename(folder),
): Promise<void> {
  const { settings, progress, events } = checkpoint
  const { history } = progress
  const status = history.length >= settings.epochs ? 'finished' : 'unfinished'
  const record: RunRecord = { settings, status, history, events }
  await writeWholeFile(join(folder, `results${stamp}.txt`), resultsText(history))
  await writeWholeFile(join(folder, 'metrics.jsonl'), metricsText(record))
  if (history.length > 0) {
    const svg = await drawCurves(`${settings.network}, seed ${settings.seed}`, history)
    await writeWholeFile(join(folder, 'curves.svg'), svg)
    await writeWholeFile(join(folder, 'curves.png'), await renderSvg(svg))
  }
  // Last: who sees a finished record sees every file of the run.
  await writeWholeFile(join(folder, 'run.json'), `${JSON.stringify(record, null, 2)}\n`)
}

/** One JSON object a line, in the order in which things happened: the settings, then events and epochs. */
function metricsText({ settings, history, events }: RunRecord): string {
  const happened = [
    ...events.map((event) => ({ at: [event.epoch, event.batch] as const, line: event as object })),
    ...history.map((metrics) => ({
      at: [metrics.epoch, Number.POSITIVE_INFINITY] as const,
      line: { type: 'epoch', ...metrics },
    })),
  ].sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1])
  return [{ type: 'run', ...settings }, ...happened.map(({ line }) => line)]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')
}

/** The runs in `runsFolder` (of one network, or of all), oldest first. Folders without a record are not runs. */
export async function listRuns(runsFolder: string, network?: string): Promise<Run[]> {
  const networks = network === undefined ? await foldersIn(runsFolder) : [network]
  const folders = (
    await Promise.all(
      networks.map(async (name) =>
        (await foldersIn(join(runsFolder, name))).map((stamp) => join(runsFolder, name, stamp)),
      ),
    )
  ).flat()
  const runs = await Promise.all(folders.map((folder) => readRun(folder).catch(() => undefined)))
  return runs.filter((run) => run !== undefined).sort((a, b) => (basename(a.folder) < basename(b.folder) ? -1 : 1))
}

/** @throws UserError INPUT where the folder is no run. */
export async function readRun(folder: string): Promise<Run> {
  const file = join(folder, 'run.json')
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new UserError('INPUT', `${folder}: expected a run's folder with a run.json, found none`, { cause })
  })
  try {
    return { ...(JSON.parse(text) as RunRecord), folder }
  } catch (cause) {
    throw new UserError('INPUT', `${file}: expected JSON, found something else`, { cause })
  }
}

/** Removes what writes that were cut by a crash have left beside the run's files. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const place of [folder, dirname(checkpointFile(folder)), join(folder, 'model')]) {
    const names = await readdir(place).catch(() => [])
    await Promise.all(names.filter(isPartial).map((name) => rm(join(place, name), { force: true })))
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name)
}
