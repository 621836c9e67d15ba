/** Carries out a run: drives the loop, keeps the run's folder up to date, stops cleanly when asked to. */
import { join } from 'node:path'
import type { Dataset } from 'mnist-infer/mnist'
import type { Engine } from '../engine/engine.js'
import { saveLayersModel } from '../engine/layers-model.js'
import { hasRelu } from '../networks/index.js'
import { type Checkpoint, writeCheckpoint } from './checkpoint.js'
import { collapseWarning } from './collapse.js'
import type { RunEvent } from './events.js'
import { removeLeftovers, writeDerivedFiles } from './folder.js'
import { type Progress, type TrainingEvent, trainingLoop } from './loop.js'
import { methodOf } from './method.js'
import type { EpochMetrics } from './results.js'
import type { RunSettings } from './settings.js'

export interface ExecuteOptions {
  readonly folder: string
  readonly settings: RunSettings
  /** Its state belongs to `from`. */
  readonly engine: Engine
  readonly dataset: Pick<Dataset, 'train' | 'test'>
  readonly from: Progress
  /** What happened to the run before, this start included. */
  readonly events: readonly RunEvent[]
  /** Aborted: save a checkpoint after the batch under way, and stop. */
  readonly stop: AbortSignal
  /** Minutes between checkpoints within an epoch. */
  readonly checkpointMinutes: number
  readonly stopOnCollapse: boolean
  readonly onEvent: (event: TrainingEvent) => void
  readonly onWarning: (warning: string) => void
}

export interface Outcome {
  readonly status: 'finished' | 'interrupted' | 'collapsed'
  readonly history: readonly EpochMetrics[]
}

export async function executeRun(options: ExecuteOptions): Promise<Outcome> {
  const { folder, settings, engine, dataset, from, stop, onEvent, onWarning } = options
  let progress = from
  let events = options.events
  let saved = performance.now()
  let warned = false

  /** Writes the checkpoint first: all else follows from it. */
  const save = async (): Promise<void> => {
    const checkpoint: Checkpoint = { settings, progress, events, state: await engine.state() }
    await writeCheckpoint(folder, checkpoint)
    saved = performance.now()
  }
  const stopped = async (status: 'interrupted' | 'collapsed', reason: string): Promise<Outcome> => {
    events = [...events, eventNow(status, progress, { reason })]
    await save()
    await writeDerivedFiles(folder, { settings, progress, events })
    return { status, history: progress.history }
  }

  await removeLeftovers(folder)
  await save()
  await writeDerivedFiles(folder, { settings, progress, events })
  const method = methodOf(settings, dataset.train)
  for await (const event of trainingLoop({ engine, dataset, plan: settings, from, ...method })) {
    progress = event.progress
    onEvent(event)
    if (event.type === 'epoch') {
      if (progress.epoch === settings.epochs) events = [...events, eventNow('finished', progress)]
      await save()
      await saveLayersModel(settings.network, engine, join(folder, 'model'))
      await writeDerivedFiles(folder, { settings, progress, events })
      const warning = collapseWarning(progress.history, hasRelu(settings.network))
      if (warning !== undefined && options.stopOnCollapse) {
        onWarning(warning)
        return stopped('collapsed', warning)
      }
      if (warning !== undefined && !warned) onWarning(`${warning}. The run goes on; --stop-on-collapse would end it`)
      warned ||= warning !== undefined
    } else if (performance.now() - saved > options.checkpointMinutes * 60_000) {
      await save()
    }
    if (stop.aborted && progress.epoch < settings.epochs) return stopped('interrupted', String(stop.reason))
  }
  return { status: 'finished', history: progress.history }
}

/** An event that happens now, at this point of the run. */
export function eventNow(
  type: RunEvent['type'],
  { epoch, batch }: Pick<Progress, 'epoch' | 'batch'>,
  details: Partial<RunEvent> = {},
): RunEvent {
  return { type, time: new Date().toISOString(), epoch, batch, ...details }
}
