/** One run from the command line: chooses the engine, shows the progress, and stops cleanly on Ctrl-C and SIGTERM. */
import { availableParallelism } from 'node:os'
import { UserError } from 'mnist-export'
import type { Dataset } from 'mnist-infer/mnist'
import { type ChosenEngine, createEngine } from '../engine/choose.js'
import type { EngineName } from '../engine/names.js'
import { hasBatchNormalization } from '../networks/index.js'
import type { Checkpoint } from '../run/checkpoint.js'
import { eventNow, executeRun, type Outcome } from '../run/execute.js'
import { createRunFolder } from '../run/folder.js'
import { START } from '../run/loop.js'
import { disownRun, ownerOf, ownRun } from '../run/owner.js'
import type { RunSettings } from '../run/settings.js'
import { openReport } from './progress-report.js'

export interface RunOneOptions {
  readonly engine: EngineName
  readonly threads: number | undefined
  readonly out: string
  readonly stopOnCollapse: boolean
  readonly checkpointMinutes: number
  readonly dataset: Dataset
  readonly output: NodeJS.WriteStream
}

export interface RunResult extends Outcome {
  readonly network: string
  readonly folder: string
  readonly exitCode: number
}

/** What a shell expects of a program that a signal ended: 128 and the signal's number. */
const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof SIGNAL_STATUS

export async function startRun(settings: RunSettings, options: RunOneOptions): Promise<RunResult> {
  const chosen = await choose(settings, options)
  const events = [eventNow('start', START, describe(chosen, options))]
  const initial: Checkpoint = { settings, progress: START, events, state: await chosen.engine.state() }
  const folder = await createRunFolder(options.out, initial)
  return carryOut({ settings, folder, chosen, from: START, events }, options)
}

export async function resumeRun(folder: string, checkpoint: Checkpoint, options: RunOneOptions): Promise<RunResult> {
  const { settings, progress, state } = checkpoint
  const owner = await ownerOf(folder)
  if (owner !== undefined) {
    throw new UserError(
      'INPUT',
      `${folder}: expected a run that nothing trains, found process ${owner} at it. Stop that one`,
    )
  }
  // As before, where nothing else is asked for: another number of threads sums in another order, and the last bits differ.
  const before = checkpoint.events.findLast(({ engine }) => engine !== undefined)
  const threads = options.threads ?? before?.threads
  const engine = options.engine === 'auto' ? (before?.engine?.name ?? 'auto') : options.engine
  const as = { ...options, threads, engine }
  const chosen = await choose(settings, as)
  await chosen.engine.restore(state)
  const events = [...checkpoint.events, eventNow('resume', progress, describe(chosen, as))]
  return carryOut({ settings, folder, chosen, from: progress, events }, options)
}

function choose(settings: RunSettings, { engine, threads, output }: RunOneOptions): Promise<ChosenEngine> {
  const { network, batchSize, seed, microBatch } = settings
  if (microBatch !== undefined && engine !== 'auto' && engine !== 'onnx') {
    throw new UserError(
      'USAGE',
      `--micro-batch: expected --engine onnx or auto, found ${engine}, which takes whole batches`,
    )
  }
  if (microBatch !== undefined && hasBatchNormalization(network)) {
    output.write(
      `warning: ${network} normalises over the pictures that it sees at a time: with --micro-batch ${microBatch} that is fewer ` +
        'than the batch, and its results are not those of whole batches\n',
    )
  }
  const wanted = microBatch === undefined ? engine : 'onnx'
  const options = { network, batchSize, seed, microBatch, threads: threads ?? availableParallelism() }
  return createEngine({ engine: wanted, ...options }).then((chosen) => {
    output.write(`engine: ${chosen.description}: ${chosen.reason}\n`)
    return chosen
  })
}

function describe({ name, description, reason }: ChosenEngine, { threads }: Pick<RunOneOptions, 'threads'>) {
  return { engine: { name, description }, reason, threads: threads ?? availableParallelism() }
}

type Start = Pick<Checkpoint, 'settings' | 'events'> & {
  folder: string
  chosen: ChosenEngine
  from: Checkpoint['progress']
}

async function carryOut({ settings, folder, chosen, from, events }: Start, options: RunOneOptions): Promise<RunResult> {
  const { output, dataset } = options
  const { network, recipe, epochs, batchSize, learningRate, seed } = settings
  output.write(
    `${network}: recipe ${recipe}, ${epochs} epoch${epochs === 1 ? '' : 's'}, batch ${batchSize}, learning rate ${learningRate}, seed ${seed}; into ${folder}\n`,
  )
  const { train, test } = dataset
  const report = await openReport({ settings, trainCount: train.count, testCount: test.count, from, output })
  const interrupt = listenForSignals()
  try {
    await ownRun(folder)
    const outcome = await executeRun({
      ...options,
      folder,
      settings,
      engine: chosen.engine,
      from,
      events,
      stop: interrupt.signal,
      onEvent: report.onEvent,
      onWarning: (warning) => report.line(`warning: ${warning}`),
    })
    report.close()
    if (outcome.status === 'finished') output.write(`${network}: done, ${folder}\n`)
    else output.write(`${network}: stopped and saved. Go on with: mnist-train --resume ${quoted(folder)}\n`)
    return { ...outcome, network, folder, exitCode: exitCodeOf(outcome.status, interrupt.signal.reason) }
  } finally {
    report.close()
    interrupt.close()
    await disownRun(folder)
    await chosen.engine.dispose()
  }
}

function exitCodeOf(status: Outcome['status'], reason: unknown): number {
  if (status === 'finished') return 0
  return status === 'interrupted' ? SIGNAL_STATUS[reason as Signal] : 1
}

/** The first signal asks the run to stop after the batch under way; the second ends the process where it stands. */
function listenForSignals(): { signal: AbortSignal; close(): void } {
  const controller = new AbortController()
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(SIGNAL_STATUS[signal as Signal])
    controller.abort(signal)
  }
  const signals = Object.keys(SIGNAL_STATUS) as Signal[]
  for (const signal of signals) process.on(signal, onSignal)
  return {
    signal: controller.signal,
    close: () => {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}

/** As a shell would need it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
