/** A model's card: a README for one .onnx file, with the front matter that Hugging Face reads (Hub documentation, "Model Cards"). */
import type { Recipe } from '../recipes.js'
import type { EpochMetrics } from './results.js'
import type { RunSettings } from './settings.js'

/** What was fitted after the training, on pictures held out of it. */
export interface CalibrationFacts {
  /** What the logits were divided by. */
  readonly temperature: number
  /** Of an answer; below it there is no digit. */
  readonly leastProbability: number
  /** Expected calibration error on the test pictures before, 0…1. */
  readonly errorBefore: number
  /** Pictures held out. */
  readonly heldOut: number
  /** Of outliers that the training has not seen, the share that is told to be no digit, 0…1. */
  readonly outliersTold: number
}

export interface CardFacts {
  /** The model's, as it is released. */
  readonly name: string
  readonly settings: RunSettings
  readonly recipe: Recipe
  readonly history: readonly EpochMetrics[]
  /** Steps of an epoch that the run was released in the middle of; 0 after a whole one. */
  readonly batch: number
  /** Engine and device of each part of the run, in order. */
  readonly engines: readonly string[]
  readonly parameters: number
  /** The .onnx file's name, its size in bytes and its SHA-256. */
  readonly file: { readonly name: string; readonly bytes: number; readonly sha256: string }
  /** From the .onnx file itself, on the test pictures. */
  readonly verified: {
    readonly correct: number
    readonly total: number
    readonly calibration: { readonly expectedError: number }
  }
  /** Absent where the confidence is as the training left it. */
  readonly calibrated?: CalibrationFacts
  /** What the weights were compressed to, and the size and the figures of the fp32 file; absent where this is that. */
  readonly compressed?: {
    readonly precision: string
    readonly bytes: number
    readonly correct: number
    readonly total: number
  }
  readonly isMnist: boolean
}

export function cardText(facts: CardFacts): string {
  const { name, settings, history, batch, engines, parameters, file, verified, compressed, calibrated } = facts
  const { network, epochs, seed, data } = settings
  const accuracy = verified.correct / verified.total
  const last = history.at(-1)
  return `${frontMatter(facts, accuracy)}
# ${name}

Reads one handwritten digit: input \`image\` float32 \`[batch, 1, 28, 28]\`, ink = 1 and paper = 0, framed as MNIST frames its
digits; outputs \`logits\` and \`probabilities\` float32 \`[batch, 10]\`.

| what | value |
|---|---|
| network | ${network}, ${parameters.toLocaleString('en-US')} trainable parameters |
| recipe | ${recipeText(facts)} |
| epochs trained | ${history.length} of ${epochs}${batch === 0 ? '' : `, and ${batch} steps of the next`} |
| data | ${data.description} (SHA-256 \`${data.sha256}\`) |
| seed | ${seed} |
| engine | ${engines.join('; then ')} |
| final training loss | ${last?.loss.toFixed(4)} |
| final training accuracy | ${percent(last?.trainAccuracy ?? Number.NaN)}${calibrated === undefined ? '' : ', outliers with their random labels among it'} |
| test accuracy, from this file | ${percent(accuracy)} (${verified.correct} of ${verified.total}) |
| expected calibration error | ${percent(verified.calibration.expectedError)}${beforeText(calibrated)} |${calibratedRows(calibrated)}
| precision | ${precisionText(compressed)} |
| file | \`${file.name}\`, ${file.bytes.toLocaleString('en-US')} bytes |
| SHA-256 | \`${file.sha256}\` |

## Use

\`\`\`sh
mnist-infer digit.png --model ${name}
mnist-infer verify --model ${name}
\`\`\`

## Intended use and limits

For single handwritten digits 0 to 9, cut out and framed like MNIST's; \`mnist-infer\` does the framing. ${outliersText(calibrated)} It has learned
${facts.isMnist ? `from American census workers and high-school students of about 1990${calibrated === undefined ? '' : ' and from generated digits'}; other hands write some digits otherwise` : 'from generated digits alone, not from anyone’s handwriting'}.
Not for decisions that nobody checks.

## Epochs

| epoch | loss | training accuracy | test accuracy |
|---|---|---|---|
${history.map((metrics) => `| ${metrics.epoch} | ${metrics.loss.toFixed(4)} | ${percent(metrics.trainAccuracy)} | ${percent(metrics.testAccuracy)} |`).join('\n')}
`
}

function frontMatter({ name, settings, isMnist }: CardFacts, accuracy: number): string {
  const dataset = isMnist ? 'ylecun/mnist' : undefined
  return `---
license: mit
library_name: onnx
pipeline_tag: image-classification
tags:
- onnx
- mnist
- ${settings.network}
${dataset === undefined ? '' : `datasets:\n- ${dataset}\n`}metrics:
- accuracy
model-index:
- name: ${name}
  results:
  - task:
      type: image-classification
    dataset:
      name: ${isMnist ? 'MNIST' : 'generated digits'}
      type: ${dataset ?? 'generated'}
      split: test
    metrics:
    - type: accuracy
      value: ${accuracy}
---`
}

function recipeText({ settings, recipe }: CardFacts): string {
  const { batchSize, learningRate } = settings
  const falling = recipe.falling === undefined ? '' : ', falling evenly to 0'
  const pictures = recipe.pictures === undefined ? '' : `; pictures ${recipe.pictures.description}`
  return `${settings.recipe}: plain SGD, batch ${batchSize}, learning rate ${learningRate}${falling}${pictures}`
}

function beforeText(calibrated: CalibrationFacts | undefined): string {
  return calibrated === undefined ? '' : `; ${percent(calibrated.errorBefore)} before the temperature`
}

function calibratedRows(calibrated: CalibrationFacts | undefined): string {
  if (calibrated === undefined) return ''
  const { temperature, leastProbability, heldOut } = calibrated
  return `
| temperature | ${temperature.toFixed(3)}, in the last layer's weights; fitted on ${heldOut.toLocaleString('en-US')} training pictures held out, distorted |
| least probability of a digit | ${leastProbability}; 1 % of those pictures are below it |`
}

/** What it makes of what is no digit. */
function outliersText(calibrated: CalibrationFacts | undefined): string {
  if (calibrated === undefined) {
    return `It gives an answer for
anything it is shown: letters, several digits in one picture or scribbles come out as some digit.`
  }
  return `Of letters,
scribbles and textures of the kinds that it was trained on ${percent(calibrated.outliersTold)} come out as no digit, of other things
fewer; what looks like a digit comes out as one.`
}

function precisionText(compressed: CardFacts['compressed']): string {
  if (compressed === undefined) return 'fp32'
  const { precision, bytes, correct, total } = compressed
  return `${precision}; the fp32 file has ${bytes.toLocaleString('en-US')} bytes and ${percent(correct / total)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}
