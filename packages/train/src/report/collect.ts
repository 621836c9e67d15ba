/** Gathers the report's data: from the runs' folder, from the models as they lie on the disk, from the bench. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readMetadata } from 'mnist-export'
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
  const released: ReportedModel[] = []
  const chosen: ReportedRun[] = []
  const { test, source } = await loadTestDigits({ data, onNotice })
  for (const network of NETWORK_NAMES) {
    const file = join(models, `${network}.onnx`)
    const bytes = await readFile(file).catch(() => undefined)
    if (bytes !== undefined) {
      onNotice(`${file}: reading ${source.description}'s test pictures`)
      const { correct, total, confusion, misread } = await verifyModel(file, test, { provider: 'cpu' })
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const few = misread.slice(0, MISTAKES)
      released.push({ network, bytes: bytes.length, sha256, correct, total, confusion, misread: few })
    }
    const metadata = bytes === undefined ? {} : readMetadata(bytes)
    const found = await listRuns(runs, network)
    for (const recipe of Object.keys(RECIPES[network])) {
      const run = bestRun(found, { network, recipe, metadata })
      if (run !== undefined) chosen.push(reported(run, network))
    }
  }
  return { runs: chosen, models: released, dyingRelu: await readDyingRelu(runs), speeds: await speedsIn(figures) }
}

interface Wanted {
  readonly network: NetworkName
  readonly recipe: string
  /** Of the released model. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Of the runs exactly by the recipe, save for how many epochs: the one that the model was released from, else the newest finished one,
 * else the one that has come farthest.
 */
function bestRun(runs: readonly Run[], { network, recipe, metadata }: Wanted): Run | undefined {
  const numbers = RECIPES[network][recipe]
  const candidates = runs.filter(
    ({ settings, history }) =>
      history.length > 0 &&
      settings.recipe === recipe &&
      settings.limit === undefined &&
      settings.batchSize === numbers?.batchSize &&
      settings.learningRate === numbers.learningRate,
  )
  const released = candidates.filter(
    ({ settings, history }) =>
      metadata['mnist.recipe'] === recipe &&
      metadata['mnist.seed'] === String(settings.seed) &&
      metadata['mnist.epochs'] === String(history.length) &&
      metadata['mnist.test_accuracy'] === String(history.at(-1)?.testAccuracy),
  )
  const finished = candidates.filter(({ status }) => status === 'finished')
  const farthest = [...candidates].sort((a, b) => a.history.length - b.history.length)
  return released.at(-1) ?? finished.at(-1) ?? farthest.at(-1)
}

function reported({ settings, status, history, events }: Run, network: NetworkName): ReportedRun {
  const { recipe, epochs, batchSize, learningRate, seed, data } = settings
  const engines = events.flatMap(({ engine }) => engine?.description ?? [])
  return {
    network,
    recipe,
    status,
    epochs,
    batchSize,
    learningRate,
    seed,
    data: data.description,
    engines: [...new Set(engines)],
    history,
  }
}

/** What scripts/figures.js writes: parts of it may be missing. */
interface Figures {
  readonly machine: string
  readonly training?: readonly ReportedSpeed[]
  readonly deepTraining?: readonly ReportedSpeed[]
}

async function speedsIn(file: string): Promise<ReportData['speeds']> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { machine, training = [], deepTraining = [] } = JSON.parse(text) as Figures
  const speeds = [...training, ...deepTraining]
  if (speeds.length === 0) return undefined
  return {
    machine,
    training: speeds.map(({ network, batch, threads, other, ours, theirs, ratio }) => ({
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
