/** The report on one network: layers, recipe, run, figures, mistakes. What there is not yet is said. */
import { parameterCount } from '../networks/index.js'
import { RECIPES } from '../recipes.js'
import { flops, minutes, percent, table, whole } from './markdown.js'
import type { NetworkLayers } from './network-layers.js'
import type { ReportedModel, ReportedRun } from './report-data.js'

export interface NetworkFacts {
  readonly network: ReportedRun['network']
  readonly summary: string
  readonly layers: NetworkLayers
  readonly run: ReportedRun | undefined
  readonly model: ReportedModel | undefined
}

/** Tables longer than this are folded away. */
const LONG = 16

export function networkSection(facts: NetworkFacts): string {
  const { network, summary } = facts
  return [`## ${network}`, `${summary}.`, layersPart(facts), runPart(facts), modelPart(facts)].join('\n\n')
}

function layersPart({ network, layers }: NetworkFacts): string {
  const text = table(
    ['layer', 'operator', 'output', 'parameters', 'FLOPs'],
    layers.layers.map(({ name, op, shape, parameters, flops: cost }) => [
      name,
      op,
      shape,
      parameters === 0 ? '' : whole(parameters),
      cost === 0 ? '' : whole(cost),
    ]),
    [3, 4],
  )
  const totals = `${whole(parameterCount(network))} trainable parameters; ${flops(layers.flops)} for one digit.`
  if (layers.layers.length <= LONG) return `${text}\n\n${totals}`
  return `<details><summary>Its ${layers.layers.length} operators</summary>\n\n${text}\n\n</details>\n\n${totals}`
}

function runPart({ network, run }: NetworkFacts): string {
  if (run === undefined) {
    const { batchSize, learningRate, epochs } = RECIPES[network].default ?? { batchSize: 0, learningRate: 0, epochs: 0 }
    return `Recipe: batch ${batchSize}, learning rate ${learningRate}, ${epochs} epochs. **No run yet**: nothing can be told of its training.`
  }
  const { batchSize, learningRate, epochs, seed, data, engines, history, status } = run
  const seconds = history.reduce((sum, { trainSeconds }) => sum + trainSeconds, 0)
  const last = history.at(-1)
  const best = history.reduce((most, { testAccuracy }) => Math.max(most, testAccuracy), 0)
  const progress =
    status === 'finished' ? '' : ` **The run is not finished: ${history.length} of ${epochs} epochs so far.**`
  return [
    `Recipe: plain SGD, batch ${batchSize}, learning rate ${learningRate}, ${epochs} epochs; seed ${seed}, data: ${data}.${progress}`,
    `Trained by ${engines.join('; then ')}: ${minutes(seconds)}, ${minutes(seconds / history.length)} an epoch.`,
    `![Curves of ${network}](report/${network}-curves.svg)`,
    `After epoch ${history.length}: loss ${last?.loss.toFixed(4)}, training accuracy ${percent(last?.trainAccuracy ?? 0)}, test accuracy ${percent(last?.testAccuracy ?? 0)} (best of all epochs ${percent(best)}).`,
  ].join('\n\n')
}

function modelPart({ network, model }: NetworkFacts): string {
  if (model === undefined) return `**No released model yet**: no \`models/${network}.onnx\` to verify.`
  const { bytes, correct, total, confusion, misread } = model
  const digits = confusion.map((_, digit) => String(digit))
  const matrix = table(
    ['', ...digits],
    confusion.map((row, label) => [`**${label}**`, ...row.map((count) => (count === 0 ? '·' : String(count)))]),
    digits.map((_, column) => column + 1),
  )
  const wrong = total - correct
  return [
    `\`models/${network}.onnx\` (${whole(bytes)} bytes) reads ${whole(correct)} of ${whole(total)} test digits: ${percent(correct / total)}. Down: the digit; across: what it was read as.`,
    matrix,
    `Of its ${whole(wrong)} mistakes, those it is surest of:`,
    table(
      ['test picture', 'digit', 'read as', 'with probability'],
      misread.map(({ index, label, answer, probability }) => [
        whole(index),
        String(label),
        String(answer),
        percent(probability),
      ]),
      [0, 3],
    ),
    `All of them as a picture: \`mnist-infer verify --model ${network} --misread misread.png\`.`,
  ].join('\n\n')
}
