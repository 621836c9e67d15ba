/**
 * A run's checkpoint: one safetensors file with every parameter and running statistic, and in its metadata the settings and the
 * progress. One file, because one rename replaces it whole: after `kill -9` there is the old one or the new one.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from 'mnist-export'
import type { EngineState } from '../engine/engine.js'
import type { RunEvent } from './events.js'
import type { Progress } from './loop.js'
import { decodeSafeTensors, encodeSafeTensors } from './safetensors.js'
import type { RunSettings } from './settings.js'
import { writeWholeFile } from './whole-file.js'

export interface Checkpoint {
  readonly settings: RunSettings
  readonly progress: Progress
  /** What has happened to the run besides its epochs: starts, interruptions, changes of engine. */
  readonly events: readonly RunEvent[]
  readonly state: EngineState
}

/** Raised when what the metadata holds changes its meaning. */
const VERSION = '1'

/** Where a run keeps its checkpoint. */
export function checkpointFile(runFolder: string): string {
  return join(runFolder, 'checkpoint', 'state.safetensors')
}

export async function writeCheckpoint(
  runFolder: string,
  { settings, progress, events, state }: Checkpoint,
): Promise<void> {
  const bytes = encodeSafeTensors({
    tensors: state,
    metadata: {
      version: VERSION,
      settings: JSON.stringify(settings),
      progress: JSON.stringify(progress, nonFiniteAsText),
      events: JSON.stringify(events),
    },
  })
  await writeWholeFile(checkpointFile(runFolder), bytes)
}

/** @throws UserError INPUT where there is no checkpoint, or none of ours. */
export async function readCheckpoint(runFolder: string): Promise<Checkpoint> {
  const file = checkpointFile(runFolder)
  const { tensors, metadata } = decodeSafeTensors(await readFile(file), file)
  const { version, settings, progress, events } = metadata
  if (version !== VERSION || settings === undefined || progress === undefined || events === undefined) {
    throw new UserError(
      'INPUT',
      `${file}: expected a checkpoint of version ${VERSION}, found version ${version ?? 'none'}`,
    )
  }
  return {
    settings: JSON.parse(settings),
    progress: JSON.parse(progress, textAsNonFinite),
    events: JSON.parse(events),
    state: tensors,
  }
}

/** JSON has no NaN and no infinity, and a collapsed run has both. */
const NON_FINITE = ['NaN', 'Infinity', '-Infinity']

function nonFiniteAsText(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

function textAsNonFinite(_key: string, value: unknown): unknown {
  return typeof value === 'string' && NON_FINITE.includes(value) ? Number(value) : value
}
