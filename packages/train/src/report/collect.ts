/** Gathers the report's data: from the runs' folder, from the models as they lie on the disk, from the bench. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyModel } from 'mnist-infer'
import { loadTestDigits } from 'mnist-infer/mnist'
import { NETWORK_NAMES, type NetworkName } from '../networks/names.js'
import { RECIPES } from '../recipes.js'
import { listRuns, type Run } from '../run/folder.js'
import { readDyingRelu } from './dying-relu.js'
import type { ReportData, ReportedModel, ReportedRun, ReportedSpeed } from './report-data.js'

/** Mistakes that are told of each model. */
const MISTAKES = 8

export interface CollectOptions {
  readonly runs: string
  readonly models: string
  /** The bench's figures, a JSON file that need not be there. */
  readonly figures: string
  /** The `--data` option for the test pictures. */
  readonly data: string
  readonly onNotice: (line: string) => void
}

export async function collect({ runs, models, figures, data, onNotice }: CollectOptions): Promise<ReportData> {
  const chosen = await Promise.all(
    NETWORK_NAMES.flatMap((network) =>
      Object.keys(RECIPES[network]).map(async (recipe) => bestRun(await listRuns(runs, network), network, recipe)),
    ),
  )
  const verified: ReportedModel[] = []
  const { test, source } = await loadTestDigits({ data, onNotice })
  for (const network of NETWORK_NAMES) {
    const file = join(models, `${network}.onnx`)
    const bytes = await readFile(file).catch(() => undefined)
    if (bytes === undefined) continue
    onNotice(`${file}: reading ${source.description}'s test pictures`)
    const { correct, total, confusion, misread } = await verifyModel(file, test, { provider: 'cpu' })
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const few = misread.slice(0, MISTAKES)
    verified.push({ network, bytes: bytes.length, sha256, correct, total, confusion, misread: few })
  }
  return {
    runs: chosen.filter((run) => run !== undefined),
    models: verified,
    dyingRelu: await readDyingRelu(runs),
    speeds: await speedsIn(figures),
  }
}

/** Of the runs exactly by the recipe, save for how many epochs: the newest finished one, else the one that has come farthest. */
function bestRun(runs: readonly Run[], network: NetworkName, recipe: string): ReportedRun | undefined {
  const numbers = RECIPES[network][recipe]
  const candidates = runs.filter(
    ({ settings, history }) =>
      history.length > 0 &&
      settings.recipe === recipe &&
      settings.limit === undefined &&
      settings.batchSize === numbers?.batchSize &&
      settings.learningRate === numbers.learningRate,
  )
  const finished = candidates.filter(({ status }) => status === 'finished')
  const farthest = [...candidates].sort((a, b) => a.history.length - b.history.length).at(-1)
  const run = finished.at(-1) ?? farthest
  if (run === undefined) return undefined
  const { epochs, batchSize, learningRate, seed, data } = run.settings
  const engines = run.events.flatMap(({ engine, threads }) => {
    if (engine === undefined) return []
    return [/thread/.test(engine.description) ? engine.description : `${engine.description}, ${threads} threads`]
  })
  return {
    network,
    recipe,
    status: run.status,
    epochs,
    batchSize,
    learningRate,
    seed,
    data: data.description,
    engines: [...new Set(engines)],
    history: run.history,
  }
}

interface Figures {
  readonly machine: string
  readonly training: readonly ReportedSpeed[]
}

async function speedsIn(file: string): Promise<ReportData['speeds']> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { machine, training } = JSON.parse(text) as Figures
  return {
    machine,
    training: training.map(({ network, batch, threads, other, ours, theirs, ratio }) => ({
      network,
      batch,
      threads,
      other,
      ours,
      theirs,
      ratio,
    })),
  }
}
