/** `mnist-train [networks…]`: trains the networks in order; what is up to date is skipped, what was cut is resumed. */
import { resolve } from 'node:path'
import { UserError } from 'mnist-export'
import { type Dataset, loadDataset } from 'mnist-infer/mnist'
import type { EngineName } from '../engine/names.js'
import { expandNetworks, type NetworkName } from '../networks/names.js'
import { recipeOf } from '../recipes.js'
import { readCheckpoint } from '../run/checkpoint.js'
import { listRuns, type Run, readRun } from '../run/folder.js'
import { ownerOf } from '../run/owner.js'
import { datasetChecksum, limited, type RunSettings, sameSettings } from '../run/settings.js'
import { type RunResult, resumeRun, startRun } from './run-one.js'

export interface TrainArguments {
  readonly networks: readonly string[]
  readonly recipe: string
  readonly epochs: number | undefined
  readonly batchSize: number | undefined
  readonly microBatch: number | undefined
  readonly lr: number | undefined
  readonly seed: number
  readonly engine: EngineName
  readonly data: string
  readonly limit: number | undefined
  readonly threads: number | undefined
  readonly out: string
  readonly resume: string | undefined
  readonly force: boolean
  readonly stopOnCollapse: boolean
  readonly checkpointMinutes: number
  readonly json: boolean
}

export async function trainCommand(args: TrainArguments): Promise<void> {
  checkNumbers(args)
  const output = args.json ? process.stderr : process.stdout
  const results = args.resume === undefined ? await trainAll(args, output) : [await resume(args, args.resume, output)]
  if (args.json) process.stdout.write(`${JSON.stringify(results.length === 1 ? results[0] : results)}\n`)
  const cut = results.find(({ status }) => status !== 'finished')
  if (cut !== undefined) process.exitCode = cut.exitCode
}

async function trainAll(args: TrainArguments, output: NodeJS.WriteStream): Promise<RunResult[]> {
  const networks = expandNetworks(args.networks)
  const plans = networks.map((network) => ({ network, ...planOf(network, args) }))
  const dataset = await openDataset(args.data, args.limit, output)
  const data = { option: args.data, description: dataset.source.description, sha256: datasetChecksum(dataset) }
  const results: RunResult[] = []
  for (const plan of plans) {
    const settings: RunSettings = { ...plan, data }
    const done = args.force ? undefined : await upToDate(args.out, settings)
    if (done !== undefined) {
      output.write(`${plan.network}: up to date, ${done.folder} has these settings (--force trains it again)\n`)
      results.push({
        status: 'finished',
        folder: done.folder,
        network: plan.network,
        history: done.history,
        exitCode: 0,
      })
      continue
    }
    const result = await startOrResume(settings, { ...args, dataset, output })
    results.push(result)
    if (result.status === 'interrupted') break
  }
  return results
}

/** Goes on with an unfinished run of the same settings, where there is one that no other process is at. */
async function startOrResume(
  settings: RunSettings,
  options: TrainArguments & { dataset: Dataset; output: NodeJS.WriteStream },
): Promise<RunResult> {
  const cut = options.force ? undefined : await unfinished(options.out, settings)
  if (cut === undefined) return startRun(settings, options)
  const { network, epochs } = settings
  options.output.write(
    `${network}: going on with ${cut.folder}, cut after ${cut.history.length} of ${epochs} epochs (--force starts anew)\n`,
  )
  return resumeRun(cut.folder, await readCheckpoint(cut.folder), options)
}

async function unfinished(runsFolder: string, settings: RunSettings): Promise<Run | undefined> {
  const runs = await listRuns(runsFolder, settings.network)
  const cut = runs.filter(
    // One that has collapsed would do so again.
    ({ status, events, ...run }) =>
      status === 'unfinished' && events.at(-1)?.type !== 'collapsed' && sameSettings(run.settings, settings),
  )
  for (const run of cut.reverse()) if ((await ownerOf(run.folder)) === undefined) return run
  return undefined
}

/** Goes on with the run in `folder`, or with the newest unfinished one where `folder` is empty. */
async function resume(args: TrainArguments, folder: string, output: NodeJS.WriteStream): Promise<RunResult> {
  const run = folder === '' ? await newestUnfinished(args.out) : await readRun(resolve(folder))
  const checkpoint = await readCheckpoint(run.folder)
  const { option, sha256 } = checkpoint.settings.data
  const dataset = await openDataset(option, checkpoint.settings.limit, output)
  const found = datasetChecksum(dataset)
  if (found !== sha256) {
    throw new UserError(
      'INPUT',
      `${run.folder}: the run was begun on ${checkpoint.settings.data.description}, found ${dataset.source.description}: ` +
        'other pictures. Set MNIST_DIR as it was then, or start a new run',
    )
  }
  return resumeRun(run.folder, checkpoint, { ...args, dataset, output })
}

async function newestUnfinished(runsFolder: string): Promise<Run> {
  const run = (await listRuns(runsFolder)).filter(({ status }) => status === 'unfinished').at(-1)
  if (run === undefined)
    throw new UserError('INPUT', `--resume: no unfinished run in ${runsFolder}. Name a run's folder, or start one`)
  return run
}

async function upToDate(runsFolder: string, settings: RunSettings): Promise<Run | undefined> {
  const runs = await listRuns(runsFolder, settings.network)
  return runs.filter((run) => run.status === 'finished' && sameSettings(run.settings, settings)).at(-1)
}

async function openDataset(option: string, limit: number | undefined, output: NodeJS.WriteStream): Promise<Dataset> {
  const onNotice = (line: string): void => void output.write(`${line}\n`)
  const dataset = limited(await loadDataset({ data: option, onNotice }), limit)
  const { train, test, source } = dataset
  const count = (value: number): string => value.toLocaleString('en-US')
  output.write(`data: ${source.description}; ${count(train.count)} training and ${count(test.count)} test pictures\n`)
  return dataset
}

function planOf(network: NetworkName, args: TrainArguments): Omit<RunSettings, 'network' | 'data'> {
  const recipe = recipeOf(network, args.recipe)
  return {
    recipe: args.recipe,
    epochs: args.epochs ?? recipe.epochs,
    batchSize: args.batchSize ?? recipe.batchSize,
    learningRate: args.lr ?? recipe.learningRate,
    seed: args.seed,
    ...(args.microBatch === undefined ? {} : { microBatch: args.microBatch }),
    ...(args.limit === undefined ? {} : { limit: args.limit }),
  }
}

/** yargs turns text into NaN without a word. */
function checkNumbers(args: TrainArguments): void {
  const whole = (name: string, value: number | undefined, least: number): void => {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least)) {
      throw new UserError('USAGE', `--${name}: expected a whole number from ${least} up, found ${value}`)
    }
  }
  whole('epochs', args.epochs, 1)
  whole('batch-size', args.batchSize, 1)
  whole('micro-batch', args.microBatch, 1)
  whole('seed', args.seed, 0)
  whole('limit', args.limit, 10)
  whole('threads', args.threads, 1)
  if (args.lr !== undefined && !(args.lr > 0 && args.lr < Number.POSITIVE_INFINITY)) {
    throw new UserError('USAGE', `--lr: expected a number above 0, found ${args.lr}`)
  }
  if (!(args.checkpointMinutes >= 0)) {
    throw new UserError('USAGE', `--checkpoint-minutes: expected a number from 0 up, found ${args.checkpointMinutes}`)
  }
}
