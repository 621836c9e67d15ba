/** The report's comparisons: of the networks with each other, of learning rates, of initial weights, of engines. */
import { parameterCount } from '../networks/index.js'
import { CONDITIONS } from './dying-relu.js'
import { flops, minutes, percent, table, whole } from './markdown.js'
import type { NetworkFacts } from './network-section.js'
import type { ReportData, ReportedRun } from './report-data.js'

export function comparisonSection(networks: readonly NetworkFacts[]): string {
  const rows = networks.map(({ network, layers, run, model }) => {
    const seconds = run?.history.reduce((sum, { trainSeconds }) => sum + trainSeconds, 0) ?? 0
    return [
      `[${network}](#${network})`,
      whole(parameterCount(network)),
      flops(layers.flops),
      run === undefined ? 'no run yet' : `${run.history.length} of ${run.epochs}`,
      run === undefined ? '–' : minutes(seconds),
      run === undefined ? '–' : percent(run.history.at(-1)?.testAccuracy ?? 0),
      model === undefined ? 'not released' : percent(model.correct / model.total),
    ]
  })
  const missing = networks.filter(({ run }) => run === undefined).map(({ network }) => network)
  return [
    '## The comparison',
    table(
      ['network', 'parameters', 'FLOPs a digit', 'epochs', 'training', 'test accuracy', 'of the released file'],
      rows,
      [1, 2, 3, 4, 5, 6],
    ),
    ...(missing.length === 0 ? [] : [`**Missing in the charts, for want of a run: ${missing.join(', ')}.**`]),
    'The axis of accuracies is stretched towards 100 %: from 90 to 99 % is as far as from 0 to 90 %, since the last mistakes are the hard ones.',
    '![Accuracy against epoch](report/accuracy-epoch.svg)',
    'Times are those of the machine that each run was made on, whatever else it did; the runs’ engines stand with each network.',
    '![Accuracy against time](report/accuracy-time.svg)',
    '![Accuracy against parameters](report/accuracy-parameters.svg)',
  ].join('\n\n')
}

/** Of lenet5: how long the sigmoids sit at chance, and where they end. */
export function learningRateSection(runs: readonly ReportedRun[]): string {
  const head = '## The learning rate: 0.6 against 0.9'
  if (runs.length < 2) {
    const found = runs.map(({ recipe }) => recipe).join(', ') || 'neither'
    return `${head}\n\n**Not told yet**: it takes a run of lenet5 by the recipe default and one by quick (\`mnist-train lenet5 --recipe quick\`); there is: ${found}.`
  }
  const rows = runs.map(({ recipe, learningRate, epochs, history }) => {
    const above = history.find(({ testAccuracy }) => testAccuracy > 0.5)
    const at = (epoch: number): string => {
      const metrics = history[epoch - 1]
      return metrics === undefined ? '–' : percent(metrics.testAccuracy)
    }
    return [
      `${learningRate} (${recipe}, ${epochs} epochs)`,
      above === undefined ? 'never' : String(above.epoch + 1),
      at(5),
      at(10),
      at(20),
    ]
  })
  return [
    head,
    'Sigmoids pass on a quarter of a gradient at most, and LeNet-5 has four in a row: at first the loss stays at ln 10 = 2.303, every answer a guess, until the last layers have found their way. A larger step leaves that plateau sooner.',
    table(['learning rate', 'past 50 % in epoch', 'after 5', 'after 10', 'after 20'], rows, [1, 2, 3, 4]),
    '![Learning rates](report/learning-rate.svg)',
  ].join('\n\n')
}

export function dyingReluSection(results: ReportData['dyingRelu']): string {
  const head = '## How often lenet5-03 dies, and what saves it'
  if (results === undefined || results.runs.length === 0) {
    return `${head}\n\n**Not measured yet**: \`mnist-train experiment dying-relu\`.`
  }
  const { seeds, epochs, runs, data } = results
  const rows = CONDITIONS.map(({ name }) => {
    const ours = runs.filter(({ condition }) => condition === name)
    const alive = ours.filter(({ dead }) => !dead).map(({ history }) => history.at(-1)?.testAccuracy ?? 0)
    const mean = alive.reduce((sum, accuracy) => sum + accuracy, 0) / alive.length
    return [
      name,
      ours.length === 0 ? 'not run yet' : `${ours.length - alive.length} of ${ours.length}`,
      alive.length === 0 ? '–' : percent(mean),
    ]
  })
  const missing = CONDITIONS.length * seeds - runs.length
  return [
    head,
    `A ReLU that is below 0 for every picture has no gradient, and never comes back. With the sigmoids’ learning rate of 0.6 the first steps can push a whole layer there: from then on the network answers the same for every picture, right for one in ten. ${seeds} seeds, ${epochs} epochs each, on ${data}:`,
    table(['condition', 'dead', 'mean accuracy of the living'], rows, [1, 2]),
    ...(missing > 0
      ? [
          `**${missing} of ${CONDITIONS.length * seeds} runs are still missing**; \`mnist-train experiment dying-relu\` goes on with them.`,
        ]
      : []),
    '![Ten seeds](report/dying-relu.svg)',
  ].join('\n\n')
}

export function enginesSection(speeds: ReportData['speeds']): string {
  const head = '## Engine against engine'
  if (speeds === undefined) {
    return `${head}\n\n**Not measured yet**: \`npm run figures\` times whole training steps of ours and of others by turns and keeps them in docs/figures.json.`
  }
  const rows = speeds.training.map(({ network, batch, threads, other, ours, theirs, ratio }) => [
    network,
    String(batch),
    String(threads),
    rate(ours),
    other,
    rate(theirs),
    ratio.toFixed(2),
  ])
  return [
    head,
    `Whole training steps, data included, both sides by turns on ${speeds.machine}; medians, pictures a second.`,
    table(['network', 'batch', 'threads', 'ours', 'the other', 'its speed', 'ratio'], rows, [1, 2, 3, 5, 6]),
    ...missingSpeeds(speeds.training),
  ].join('\n\n')
}

function missingSpeeds(training: readonly { readonly network: string }[]): string[] {
  const missing = ['lenet5', 'resnet18', 'alexnet'].filter((name) => training.every(({ network }) => network !== name))
  return missing.length === 0 ? [] : [`**Not measured yet: ${missing.join(', ')}** (\`npm run figures\`).`]
}

function rate(value: number): string {
  return value >= 100 ? whole(Math.round(value)) : value.toFixed(1)
}
