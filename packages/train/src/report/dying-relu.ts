/**
 * The experiment behind the report's section on dying ReLUs: lenet5-03 from ten seeds for three epochs, at the recipe's learning rate
 * and under what might save it. Each outcome is kept as soon as it is there, so that an experiment that was cut goes on where it was.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset } from 'mnist-infer/mnist'
import { createEngine } from '../engine/choose.js'
import type { EngineState, StateTensor } from '../engine/engine.js'
import { recipeOf } from '../recipes.js'
import { type TrainingEvent, trainingLoop } from '../run/loop.js'
import type { EpochMetrics } from '../run/results.js'
import { writeWholeFile } from '../run/whole-file.js'

const NETWORK = 'lenet5-03'

const SEEDS = 10

const EPOCHS = 3

export interface Condition {
  /** In words, for the report. */
  readonly name: string
  readonly learningRate: number
  /** What the recipe's initial weights of a layer are multiplied by, from its fans. */
  readonly scale: (fanIn: number, fanOut: number) => number
}

const RECIPE = recipeOf(NETWORK, 'default')

/** What is tried: one thing changed at a time. */
export const CONDITIONS: readonly Condition[] = [
  { name: 'the recipe: 0.6, Xavier', learningRate: RECIPE.learningRate, scale: () => 1 },
  { name: 'learning rate 0.1', learningRate: 0.1, scale: () => 1 },
  // He-uniform is ±√(6 / fan_in), Xavier-uniform ±√(6 / (fan_in + fan_out)).
  {
    name: 'He initialisation',
    learningRate: RECIPE.learningRate,
    scale: (fanIn, fanOut) => Math.sqrt((fanIn + fanOut) / fanIn),
  },
  { name: 'half of Xavier', learningRate: RECIPE.learningRate, scale: () => 0.5 },
]

export interface DyingReluRun {
  readonly condition: string
  readonly learningRate: number
  readonly seed: number
  readonly history: readonly EpochMetrics[]
  /** At the end every answer is a guess. */
  readonly dead: boolean
}

export interface DyingReluResults {
  readonly network: string
  readonly epochs: number
  readonly seeds: number
  readonly data: string
  readonly runs: readonly DyingReluRun[]
}

export function dyingReluFile(runsFolder: string): string {
  return join(runsFolder, 'experiments', 'dying-relu.json')
}

/** The results so far, or undefined where the experiment has not been begun. */
export async function readDyingRelu(runsFolder: string): Promise<DyingReluResults | undefined> {
  const text = await readFile(dyingReluFile(runsFolder), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as DyingReluResults)
}

export interface DyingReluOptions {
  readonly runsFolder: string
  readonly dataset: Dataset
  readonly threads: number
  readonly onRun: (run: DyingReluRun) => void
}

/** Runs what is missing, condition by condition. Results on other data than `dataset` are begun anew. */
export async function dyingRelu({ runsFolder, dataset, threads, onRun }: DyingReluOptions): Promise<DyingReluResults> {
  const data = dataset.source.description
  const before = await readDyingRelu(runsFolder)
  let runs = before?.data === data ? before.runs : []
  const results = (): DyingReluResults => ({ network: NETWORK, epochs: EPOCHS, seeds: SEEDS, data, runs })
  await mkdir(join(runsFolder, 'experiments'), { recursive: true })
  for (const condition of CONDITIONS) {
    for (let seed = 0; seed < SEEDS; seed++) {
      if (runs.some((run) => run.condition === condition.name && run.seed === seed)) continue
      const run = await train(condition, { seed, dataset, threads })
      runs = [...runs, run]
      await writeWholeFile(dyingReluFile(runsFolder), `${JSON.stringify(results(), null, 1)}\n`)
      onRun(run)
    }
  }
  return results()
}

async function train(
  { name, learningRate, scale }: Condition,
  { seed, dataset, threads }: { seed: number; dataset: Dataset; threads: number },
): Promise<DyingReluRun> {
  const { batchSize } = RECIPE
  const { engine } = await createEngine({ engine: 'onnx', network: NETWORK, batchSize, seed, threads })
  try {
    await engine.restore(scaled(await engine.state(), scale))
    const plan = { epochs: EPOCHS, batchSize, learningRate, seed }
    const events: TrainingEvent[] = []
    for await (const event of trainingLoop({ engine, dataset, plan })) if (event.type === 'epoch') events.push(event)
    const history = events.at(-1)?.progress.history ?? []
    return { condition: name, learningRate, seed, history, dead: isDead(history) }
  } finally {
    await engine.dispose()
  }
}

/** Nothing but chance is left, or no number: a network that lives answers more than half of MNIST right after its first epoch. */
function isDead(history: readonly EpochMetrics[]): boolean {
  return !((history.at(-1)?.testAccuracy ?? 0) > 0.2)
}

/** Weights [M, …] of the layers, scaled; biases as they are. */
function scaled(state: EngineState, scale: Condition['scale']): EngineState {
  return new Map(
    [...state].map(([name, tensor]): [string, StateTensor] => {
      const { shape, values } = tensor
      const [outputs = 0, inputs = 0, ...window] = shape
      if (shape.length < 2) return [name, tensor]
      const pixels = window.reduce((product, length) => product * length, 1)
      const factor = scale(inputs * pixels, outputs * pixels)
      return [name, { shape, values: values.map((value) => value * factor) }]
    }),
  )
}
