/** Makes the shipped files of a finished run: the .onnx file, verified as it lies on the disk, and its card. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compressVerified, decodeModel, encodeModel, type Precision, UserError } from 'mnist-export'
import { verifyModel } from 'mnist-infer'
import { type Dataset, loadDataset } from 'mnist-infer/mnist'
import { openSession } from 'mnist-infer/runtime'
import type { EngineState } from '../engine/engine.js'
import { exportInference } from '../engine/inference-model.js'
import { parameterCount } from '../networks/index.js'
import { type NetworkName, networkName } from '../networks/names.js'
import { recipeOf, releasedName } from '../recipes.js'
import { calibratedModel } from './calibrated-model.js'
import { type CardFacts, cardText } from './card.js'
import { readCheckpoint } from './checkpoint.js'
import type { Run } from './folder.js'
import { writeWholeFile } from './whole-file.js'

/** What a released file stores weights as, unless told otherwise: the most that keeps the file small enough to ship. */
const PRECISION: Readonly<Record<NetworkName, Precision>> = {
  // 250 kB and less: nothing to gain.
  lenet5: 'fp32',
  'lenet5-01': 'fp32',
  'lenet5-02': 'fp32',
  'lenet5-03': 'fp32',
  'lenet5-04': 'fp32',
  // 187 MB, of them 172 in dense layers, become 28.
  alexnet: 'int4',
  // 45 MB, nearly all in convolutions, become 11.
  resnet18: 'int8-weights',
}

export interface ReleaseOptions {
  /** The folder for the model and its card. */
  readonly out: string
  /** The `--data` option for the test pictures. */
  readonly data: string
  /** By default the network's own. */
  readonly precision?: Precision | undefined
}

export interface Released {
  readonly file: string
  readonly card: string
  /** Share of the test pictures that the file answers right; 0…1. */
  readonly accuracy: number
}

/**
 * Writes `<out>/<name>.onnx` and `<out>/<name>.md` (`releasedName`).
 * @throws UserError INPUT where the pictures are not the run's, THRESHOLD where the precision costs more than 0.1 point of accuracy
 */
export async function release(run: Run, { out, data, precision }: ReleaseOptions): Promise<Released> {
  const { settings, history, events } = run
  const { state, progress } = await readCheckpoint(run.folder)
  const dataset = await loadDataset({ data })
  const { test, source } = dataset
  if (source.description !== settings.data.description) {
    const remedy = 'set MNIST_DIR or --data to what the run was trained with'
    throw new UserError(
      'INPUT',
      `${run.folder}: expected the test pictures of ${settings.data.description}, found ${source.description}; ${remedy}`,
    )
  }
  const network = networkName(settings.network)
  const chosen = precision ?? PRECISION[network]
  const recipe = recipeOf(network, settings.recipe)
  const exportOf = (trained: EngineState): Promise<Uint8Array> =>
    exportInference(network, trained, {
      recipe: settings.recipe,
      epochs: history.length,
      dataset: settings.data.description,
      seed: settings.seed,
      testAccuracy: history.at(-1)?.testAccuracy ?? Number.NaN,
    })
  const { seed } = settings
  const fitted = recipe.pictures === undefined ? undefined : await calibratedModel(state, { dataset, seed, exportOf })
  const exported = fitted?.bytes ?? (await exportOf(state))
  const { bytes, before } = await compressed(exported, { precision: chosen, dataset })
  const name = releasedName(settings)
  const file = join(out, `${name}.onnx`)
  await writeWholeFile(file, bytes)
  const written = await readFile(file)
  // On the CPU, which every reader of the card has.
  const verified = await verifyModel(file, test, { provider: 'cpu' })
  const facts: CardFacts = {
    name,
    settings,
    recipe,
    history,
    batch: progress.batch,
    engines: [...new Set(events.flatMap(({ engine }) => engine?.description ?? []))],
    parameters: parameterCount(settings.network),
    file: {
      name: `${name}.onnx`,
      bytes: written.length,
      sha256: createHash('sha256').update(written).digest('hex'),
    },
    verified,
    ...(fitted === undefined ? {} : { calibrated: fitted.facts }),
    ...(before === undefined ? {} : { compressed: { precision: chosen, ...before } }),
    isMnist: source.kind === 'mnist',
  }
  const card = join(out, `${name}.md`)
  await writeWholeFile(card, cardText(facts))
  return { file, card, accuracy: verified.correct / verified.total }
}

interface Compressed {
  readonly bytes: Uint8Array
  /** Of the fp32 file; undefined where that is what it is. */
  readonly before?: { readonly bytes: number; readonly correct: number; readonly total: number }
}

async function compressed(
  exported: Uint8Array,
  { precision, dataset }: { precision: Precision; dataset: Dataset },
): Promise<Compressed> {
  if (precision === 'fp32') return { bytes: exported }
  const { model, before } = await compressVerified(decodeModel(exported), {
    precision,
    test: dataset.test,
    calibration: dataset.train,
    openSession: (bytes) => openSession(bytes, { provider: 'cpu' }),
  })
  return { bytes: encodeModel(model), before: { bytes: exported.length, ...before } }
}
