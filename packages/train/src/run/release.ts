/** Makes the shipped files of a finished run: the .onnx file, verified as it lies on the disk, and its card. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyModel } from 'mnist-infer'
import { loadDataset } from 'mnist-infer/mnist'
import { exportInference } from '../engine/inference-model.js'
import { parameterCount } from '../networks/index.js'
import { type CardFacts, cardText } from './card.js'
import { readCheckpoint } from './checkpoint.js'
import type { Run } from './folder.js'
import { writeWholeFile } from './whole-file.js'

export interface ReleaseOptions {
  /** The folder for the model and its card. */
  readonly out: string
  /** The `--data` option for the test pictures. */
  readonly data: string
}

export interface Released {
  readonly file: string
  readonly card: string
  /** Share of the test pictures that the file answers right; 0…1. */
  readonly accuracy: number
}

/** Writes `<out>/<network>.onnx` and `<out>/<network>.md`. */
export async function release(run: Run, { out, data }: ReleaseOptions): Promise<Released> {
  const { settings, history, events } = run
  const { state } = await readCheckpoint(run.folder)
  const { test, source } = await loadDataset({ data })
  const last = history.at(-1)
  const bytes = await exportInference(settings.network, state, {
    recipe: settings.recipe,
    epochs: history.length,
    dataset: settings.data.description,
    seed: settings.seed,
    testAccuracy: last?.testAccuracy ?? Number.NaN,
  })
  const file = join(out, `${settings.network}.onnx`)
  await writeWholeFile(file, bytes)
  const written = await readFile(file)
  // On the CPU, which every reader of the card has.
  const verified = await verifyModel(file, test, { provider: 'cpu' })
  const facts: CardFacts = {
    settings,
    history,
    engines: [...new Set(events.flatMap(({ engine }) => engine?.description ?? []))],
    parameters: parameterCount(settings.network),
    file: {
      name: `${settings.network}.onnx`,
      bytes: written.length,
      sha256: createHash('sha256').update(written).digest('hex'),
    },
    verified,
    isMnist: source.kind === 'mnist',
  }
  const card = join(out, `${settings.network}.md`)
  await writeWholeFile(card, cardText(facts))
  return { file, card, accuracy: verified.correct / verified.total }
}
