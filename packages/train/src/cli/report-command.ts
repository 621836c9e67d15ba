/** `mnist-train report`: writes docs/report.md with its pictures, or says whether it is up to date. */
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from 'mnist-export'
import { collect } from '../report/collect.js'
import { reportFiles } from '../report/report.js'
import { type ReportData, readReportData } from '../report/report-data.js'
import { writeWholeFile } from '../run/whole-file.js'

export interface ReportArguments {
  readonly runs: string
  readonly models: string
  readonly out: string
  readonly data: string
  readonly again: boolean
  readonly check: boolean
}

const DATA = join('report', 'data.json')

export async function reportCommand({ runs, models, out, data, again, check }: ReportArguments): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const dataFile = join(out, DATA)
  if (check) {
    const kept = await readReportData(dataFile)
    const stale = [...(await differing(out, kept)), ...(await otherModels(models, kept))]
    if (stale.length === 0) return say(`${join(out, 'report.md')}: up to date`)
    throw new UserError(
      'THRESHOLD',
      `${join(out, 'report.md')}: expected it to follow from ${dataFile} and ${models}, found others: ${stale.join(', ')}. Run: mnist-train report`,
    )
  }
  const collected = again
    ? await readReportData(dataFile)
    : await collect({ runs, models, data, figures: join(out, 'figures.json'), onNotice: say })
  await mkdir(dirname(dataFile), { recursive: true })
  if (!again) await writeWholeFile(dataFile, `${JSON.stringify(collected, null, 1)}\n`)
  for (const [path, text] of await reportFiles(collected)) await writeWholeFile(join(out, path), text)
  say(`${join(out, 'report.md')}: written, from ${collected.runs.length} runs and ${collected.models.length} models`)
}

/** Files of the report that are not what the data makes of them. */
async function differing(out: string, data: ReportData): Promise<string[]> {
  const paths: string[] = []
  for (const [path, text] of await reportFiles(data)) {
    const found = await readFile(join(out, path), 'utf8').catch(() => undefined)
    if (found !== text) paths.push(join(out, path))
  }
  return paths
}

/** Models that have been released since, or are gone. */
async function otherModels(models: string, data: ReportData): Promise<string[]> {
  const paths: string[] = []
  for (const { network, sha256 } of data.models) {
    const file = join(models, `${network}.onnx`)
    const bytes = await readFile(file).catch(() => new Uint8Array(0))
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) paths.push(file)
  }
  return paths
}
