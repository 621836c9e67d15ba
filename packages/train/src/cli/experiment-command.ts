/** `mnist-train experiment <what>`: trains the many short runs that the report's comparisons are made of. */
import { availableParallelism } from 'node:os'
import { UserError } from 'mnist-export'
import { loadDataset } from 'mnist-infer/mnist'
import { CONDITIONS, dyingRelu, dyingReluFile } from '../report/dying-relu.js'

export interface ExperimentArguments {
  readonly what: 'dying-relu'
  readonly data: string
  readonly out: string
  readonly threads: number | undefined
}

export async function experimentCommand({ data, out, threads }: ExperimentArguments): Promise<void> {
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1)) {
    throw new UserError('USAGE', `--threads: expected a whole number from 1 up, found ${threads}`)
  }
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const dataset = await loadDataset({ data, onNotice: say })
  say(`data: ${dataset.source.description}`)
  const { runs, seeds } = await dyingRelu({
    runsFolder: out,
    dataset,
    threads: threads ?? availableParallelism(),
    onRun: ({ condition, seed, history, dead }) =>
      say(`${condition}, seed ${seed}: ${dead ? 'dead' : `test accuracy ${history.at(-1)?.testAccuracy.toFixed(4)}`}`),
  })
  for (const { name } of CONDITIONS) {
    const dead = runs.filter((run) => run.condition === name && run.dead).length
    say(`${name}: ${dead} of ${seeds} dead`)
  }
  say(`kept in ${dyingReluFile(out)}, which mnist-train report reads`)
}
