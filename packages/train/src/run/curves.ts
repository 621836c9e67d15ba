/** The three curves of a run as a picture: drawn by Vega-Lite, no browser needed. */
import type { TopLevelSpec } from 'vega-lite'
import type { EpochMetrics } from './results.js'

/** Colour and dashes of each curve. */
const CURVES = [
  { name: 'train loss', colour: 'purple', dash: [1, 0], value: (metrics: EpochMetrics) => metrics.loss },
  { name: 'train acc', colour: 'green', dash: [6, 4], value: (metrics: EpochMetrics) => metrics.trainAccuracy },
  { name: 'test acc', colour: 'blue', dash: [2, 3], value: (metrics: EpochMetrics) => metrics.testAccuracy },
] as const

/** The curves as a Vega-Lite specification; epochs count from 1 on the axis, as people do. */
export function curvesSpec(title: string, history: readonly EpochMetrics[]): TopLevelSpec {
  const names = CURVES.map(({ name }) => name)
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 480,
    height: 320,
    background: 'white',
    title,
    data: {
      values: history.flatMap((metrics) =>
        CURVES.map(({ name, value }) => ({ epoch: metrics.epoch + 1, curve: name, value: finite(value(metrics)) })),
      ),
    },
    mark: { type: 'line', point: history.length === 1 },
    encoding: {
      x: {
        field: 'epoch',
        type: 'quantitative',
        axis: { grid: false, tickMinStep: 1, title: 'epoch' },
        scale: { zero: false, nice: false },
      },
      y: { field: 'value', type: 'quantitative', axis: { grid: true, title: null } },
      color: {
        field: 'curve',
        type: 'nominal',
        scale: { domain: names, range: CURVES.map(({ colour }) => colour) },
        legend: { title: null },
      },
      strokeDash: {
        field: 'curve',
        type: 'nominal',
        scale: { domain: names, range: CURVES.map(({ dash }) => [...dash]) },
      },
    },
  }
}

/** A loss that is no number leaves a gap in its curve. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/** The curves as the text of an SVG file. */
export async function drawCurves(title: string, history: readonly EpochMetrics[]): Promise<string> {
  const [{ View, parse }, { compile }] = await Promise.all([import('vega'), import('vega-lite')])
  const view = new View(parse(compile(curvesSpec(title, history)).spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
