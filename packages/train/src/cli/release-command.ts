/** `mnist-train release`: the newest finished run of each network by a recipe, or the run that is named, becomes a model with its card. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Precision, UserError } from 'mnist-export'
import { expandNetworks } from '../networks/names.js'
import { listRuns, type Run, readRun } from '../run/folder.js'
import { release } from '../run/release.js'

export interface ReleaseArguments {
  readonly networks: readonly string[]
  readonly recipe: string
  readonly runs: string
  /** The folder of one run, finished or not; undefined: the newest finished ones in `runs`. */
  readonly run: string | undefined
  readonly out: string
  readonly data: string
  /** By default each network's own. */
  readonly precision: Precision | undefined
}

export async function releaseCommand(args: ReleaseArguments): Promise<void> {
  const { out, data, precision } = args
  const found = args.run === undefined ? await newestFinished(args) : [await readRun(args.run)]
  await mkdir(out, { recursive: true })
  for (const run of found) {
    const { file, accuracy } = await release(run, { out, data, precision })
    process.stdout.write(`${file}: ${(accuracy * 100).toFixed(2)} % of the test pictures, from ${run.folder}\n`)
  }
}

async function newestFinished({ networks, recipe, runs: runsFolder }: ReleaseArguments): Promise<Run[]> {
  const found: Run[] = []
  for (const network of expandNetworks(networks)) {
    const runs = await listRuns(runsFolder, network)
    const run = runs.filter(({ status, settings }) => status === 'finished' && settings.recipe === recipe).at(-1)
    if (run === undefined) {
      const by = recipe === 'default' ? '' : ` by the recipe ${recipe}`
      process.stdout.write(`${network}: no finished run${by} in ${join(runsFolder, network)}, left out\n`)
    } else found.push(run)
  }
  if (found.length > 0) return found
  const by = recipe === 'default' ? '' : ` --recipe ${recipe}`
  throw new UserError(
    'INPUT',
    `${runsFolder}: expected a finished run, found none. Train one: mnist-train ${networks.join(' ')}${by}`,
  )
}
