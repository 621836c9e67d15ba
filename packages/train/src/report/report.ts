/** The report as files: docs/report.md and its pictures, from the data alone, the same on every machine. */

import { NETWORKS, parameterCount } from '../networks/index.js'
import type { NetworkName } from '../networks/names.js'
import { NETWORK_NAMES } from '../networks/names.js'
import { drawCurves } from '../run/curves.js'
import { accuracyByEpoch, accuracyByParameters, accuracyByRate, accuracyByTime, dyingReluChart } from './charts.js'
import { comparisonSection, dyingReluSection, enginesSection, learningRateSection } from './comparison-section.js'
import { drawSvg } from './draw.js'
import { CONDITIONS } from './dying-relu.js'
import { GRADIENTS_SECTION } from './gradients-section.js'
import { networkLayers } from './network-layers.js'
import { type NetworkFacts, networkSection } from './network-section.js'
import { mainRun, type ReportData } from './report-data.js'

/** Paths below the folder of documents → contents. */
export type ReportFiles = ReadonlyMap<string, string>

export async function reportFiles(data: ReportData): Promise<ReportFiles> {
  const networks: NetworkFacts[] = []
  for (const network of NETWORK_NAMES) networks.push(await factsOf(data, network))
  const rates = data.runs.filter(({ network }) => network === 'lenet5')
  const sections = [
    INTRODUCTION,
    comparisonSection(networks),
    learningRateSection(rates),
    dyingReluSection(data.dyingRelu),
    enginesSection(data.speeds),
    GRADIENTS_SECTION,
    ...networks.map(networkSection),
  ]
  const files = new Map([['report.md', `${sections.join('\n\n')}\n`]])
  const draw = async (name: string, spec: Parameters<typeof drawSvg>[0]): Promise<unknown> =>
    files.set(`report/${name}.svg`, await drawSvg(spec))
  for (const { network, run } of networks) {
    if (run === undefined) continue
    files.set(`report/${network}-curves.svg`, await drawCurves(`${network}, seed ${run.seed}`, run.history))
  }
  const runs = networks.flatMap(({ run }) => run ?? [])
  await draw('accuracy-epoch', accuracyByEpoch(runs))
  await draw('accuracy-time', accuracyByTime(runs))
  await draw('accuracy-parameters', accuracyByParameters(runs.map(pointOf)))
  if (rates.length > 1) await draw('learning-rate', accuracyByRate(rates))
  if (data.dyingRelu !== undefined && data.dyingRelu.runs.length > 0) {
    const names = CONDITIONS.map(({ name }) => name)
    const tried = names.filter((name) => data.dyingRelu?.runs.some(({ condition }) => condition === name))
    await draw('dying-relu', dyingReluChart(data.dyingRelu, tried))
  }
  return files
}

function pointOf({ network, history }: ReportData['runs'][number]) {
  return { network, parameters: parameterCount(network), accuracy: history.at(-1)?.testAccuracy ?? 0 }
}

async function factsOf(data: ReportData, network: NetworkName): Promise<NetworkFacts> {
  return {
    network,
    summary: NETWORKS[network].summary,
    layers: await networkLayers(network),
    run: mainRun(data, network),
    model: data.models.find((model) => model.network === network),
  }
}

const INTRODUCTION = `# Seven networks on handwritten digits

LeNet-5, four variants of it, AlexNet and ResNet-18, all trained by the gradients of this project. Written by \`npm run report\` from the metrics of
the runs, kept in [report/data.json](report/data.json); nothing in it is typed by hand but the explanations. Training accuracy is counted during the
epoch, in training mode; test accuracy after it, on 10,000 pictures that no run has learned from.`
