/** What the report is made from, docs/report/data.json: the metrics of the runs and the figures of the models, no weights. */
import { readFile } from 'node:fs/promises'
import { UserError } from 'mnist-export'
import type { NetworkName } from '../networks/names.js'
import type { EpochMetrics } from '../run/results.js'
import type { DyingReluResults } from './dying-relu.js'

export interface ReportedRun {
  readonly network: NetworkName
  readonly recipe: string
  readonly status: 'unfinished' | 'finished'
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  readonly seed: number
  /** In words. */
  readonly data: string
  /** Engine and device of each part of the run, in order. */
  readonly engines: readonly string[]
  readonly history: readonly EpochMetrics[]
}

/** What verifying models/<network>.onnx has found. */
export interface ReportedModel {
  readonly network: NetworkName
  readonly bytes: number
  readonly sha256: string
  readonly correct: number
  readonly total: number
  /** `confusion[label][answer]` */
  readonly confusion: readonly (readonly number[])[]
  /** The most confident first; a few of them. */
  readonly misread: readonly {
    readonly index: number
    readonly label: number
    readonly answer: number
    readonly probability: number
  }[]
}

/** One comparison of `npm run bench -- train`. */
export interface ReportedSpeed {
  readonly network: string
  readonly batch: number
  readonly threads: number
  /** What ours was compared with. */
  readonly other: string
  /** Pictures a second. */
  readonly ours: number
  readonly theirs: number
  readonly ratio: number
}

export interface ReportData {
  /** At most one a network and recipe. */
  readonly runs: readonly ReportedRun[]
  readonly models: readonly ReportedModel[]
  readonly dyingRelu?: DyingReluResults | undefined
  readonly speeds?: { readonly machine: string; readonly training: readonly ReportedSpeed[] } | undefined
}

/** @throws UserError INPUT where the file is missing or no JSON */
export async function readReportData(file: string): Promise<ReportData> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ReportData
  } catch (cause) {
    throw new UserError('INPUT', `${file}: expected the report's data as JSON, found none. Run: mnist-train report`, {
      cause,
    })
  }
}

/** The run that speaks for a network: by its default recipe. */
export function mainRun({ runs }: ReportData, network: NetworkName): ReportedRun | undefined {
  return runs.find((run) => run.network === network && run.recipe === 'default')
}
