/** The report's charts as Vega-Lite specifications. */
import type { TopLevelSpec } from 'vega-lite'
import { NETWORK_NAMES } from '../networks/names.js'
import type { DyingReluResults } from './dying-relu.js'
import type { ReportedRun } from './report-data.js'

/** By network, in their order: Okabe and Ito's colours, told apart by people who see few of them, with dashes besides. */
const COLOURS = ['#0072B2', '#56B4E9', '#009E73', '#D55E00', '#CC79A7', '#E69F00', '#000000']
const DASHES = [
  [1, 0],
  [6, 2],
  [2, 2],
  [8, 2, 2, 2],
  [4, 4],
  [1, 0],
  [1, 0],
]

const SIZE = { width: 560, height: 320 } as const

/** Accuracies whose steps towards 1 are as wide as those away from 0: drawn by the share of mistakes, on a logarithmic axis. */
const ACCURACY = {
  type: 'quantitative',
  scale: { type: 'log', reverse: true, domain: [0.003, 1], nice: false },
  axis: {
    grid: true,
    title: 'test accuracy',
    values: [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005],
    labelExpr: "format(1 - datum.value, datum.value < 0.01 ? '.1%' : '.0%')",
  },
} as const

/** Vega-Lite's own types want every array mutable. */
function topLevel(spec: object): TopLevelSpec {
  return spec as TopLevelSpec
}

interface Point {
  readonly name: string
  readonly x: number
  readonly mistakes: number
}

/** `names`: all that may be shown, in an order that colours follow. */
function lines(
  points: readonly Point[],
  { title, x, names }: { title: string; x: object; names: readonly string[] },
): TopLevelSpec {
  const shown = names.filter((name) => points.some((point) => point.name === name))
  const indices = shown.map((name) => names.indexOf(name))
  const domain = { domain: shown }
  return topLevel({
    ...base(title),
    data: { values: [...points] },
    mark: { type: 'line', point: { size: 18 }, strokeWidth: 2 },
    encoding: {
      x: { field: 'x', type: 'quantitative', ...x },
      y: { field: 'mistakes', ...ACCURACY },
      color: {
        field: 'name',
        type: 'nominal',
        scale: { ...domain, range: indices.map((index) => COLOURS[index % COLOURS.length]) },
        legend: { title: null, symbolType: 'stroke', symbolStrokeWidth: 3, symbolSize: 500, labelFontSize: 12 },
      },
      strokeDash: {
        field: 'name',
        type: 'nominal',
        scale: { ...domain, range: indices.map((index) => DASHES[index % DASHES.length]) },
      },
    },
  })
}

function base(title: string) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...SIZE,
    background: 'white',
    title,
    config: { axis: { labelFontSize: 12, titleFontSize: 12 } },
  } as const
}

export function accuracyByEpoch(runs: readonly ReportedRun[]): TopLevelSpec {
  const points = runs.flatMap(({ network, history }) =>
    history.map(({ epoch, testAccuracy }) => ({ name: network, x: epoch + 1, mistakes: 1 - testAccuracy })),
  )
  const x = { axis: { grid: false, title: 'epoch', tickMinStep: 1 }, scale: { zero: false, nice: false } }
  return lines(points, { title: 'Accuracy against epoch', x, names: NETWORK_NAMES })
}

export function accuracyByTime(runs: readonly ReportedRun[]): TopLevelSpec {
  const points = runs.flatMap(({ network, history }) => {
    let seconds = 0
    return history.map(({ testAccuracy, trainSeconds }) => {
      seconds += trainSeconds
      return { name: network, x: seconds / 60, mistakes: 1 - testAccuracy }
    })
  })
  const x = {
    axis: { grid: true, title: 'minutes of training (logarithmic)', tickCount: 6 },
    scale: { type: 'log', nice: false },
  }
  return lines(points, { title: 'Accuracy against time', x, names: NETWORK_NAMES })
}

export function accuracyByRate(runs: readonly ReportedRun[]): TopLevelSpec {
  const nameOf = ({ recipe, learningRate }: ReportedRun): string => `${learningRate} (${recipe})`
  const points = runs.flatMap((run) =>
    run.history.map(({ epoch, testAccuracy }) => ({ name: nameOf(run), x: epoch + 1, mistakes: 1 - testAccuracy })),
  )
  const x = { axis: { grid: false, title: 'epoch', tickMinStep: 1 }, scale: { zero: false, nice: false } }
  return lines(points, { title: 'lenet5: learning rates', x, names: ['0.6 (default)', 'none', 'none', '0.9 (quick)'] })
}

export function accuracyByParameters(
  networks: readonly { readonly network: string; readonly parameters: number; readonly accuracy: number }[],
): TopLevelSpec {
  return topLevel({
    ...base('Accuracy against parameters'),
    data: { values: networks.map(({ accuracy, ...rest }) => ({ ...rest, mistakes: 1 - accuracy })) },
    encoding: {
      x: {
        field: 'parameters',
        type: 'quantitative',
        scale: { type: 'log', domain: [20_000, 200_000_000] },
        axis: { grid: true, title: 'parameters (logarithmic)', format: '~s', tickCount: 5 },
      },
      y: { field: 'mistakes', ...ACCURACY, scale: { ...ACCURACY.scale, domain: [0.003, 0.2] } },
    },
    layer: [
      { mark: { type: 'point', filled: true, size: 90, color: COLOURS[0] as string } },
      {
        mark: { type: 'text', align: 'left', dx: 9, fontSize: 12 },
        encoding: { text: { field: 'network', type: 'nominal' } },
      },
    ],
  })
}

/** One dot a seed: the accuracy that it ends with, under each condition. */
export function dyingReluChart({ runs }: DyingReluResults, conditions: readonly string[]): TopLevelSpec {
  const values = runs.map(({ condition, seed, dead, history }) => ({
    condition,
    seed,
    fate: dead ? 'dead' : 'alive',
    accuracy: history.at(-1)?.testAccuracy ?? 0,
  }))
  return topLevel({
    ...base('lenet5-03 after three epochs, one dot a seed'),
    height: 44 * conditions.length,
    data: { values },
    mark: { type: 'point', filled: true, size: 110, opacity: 0.7 },
    encoding: {
      x: {
        field: 'accuracy',
        type: 'quantitative',
        scale: { domain: [0, 1] },
        axis: { title: 'test accuracy', format: '.0%', grid: true },
      },
      y: { field: 'condition', type: 'nominal', sort: [...conditions], axis: { title: null, labelLimit: 400 } },
      yOffset: { field: 'seed', type: 'quantitative' },
      color: {
        field: 'fate',
        type: 'nominal',
        scale: { domain: ['alive', 'dead'], range: ['#0072B2', '#D55E00'] },
        legend: { title: null, labelFontSize: 12 },
      },
      shape: {
        field: 'fate',
        type: 'nominal',
        scale: { domain: ['alive', 'dead'], range: ['circle', 'cross'] },
      },
    },
  })
}
