/** A model's card: a README for one .onnx file, with the front matter that Hugging Face reads (Hub documentation, "Model Cards"). */
import type { EpochMetrics } from './results.js'
import type { RunSettings } from './settings.js'

export interface CardFacts {
  readonly settings: RunSettings
  readonly history: readonly EpochMetrics[]
  /** Engine and device of each part of the run, in order. */
  readonly engines: readonly string[]
  readonly parameters: number
  /** The .onnx file's name, its size in bytes and its SHA-256. */
  readonly file: { readonly name: string; readonly bytes: number; readonly sha256: string }
  /** From the .onnx file itself, on the test pictures. */
  readonly verified: { readonly correct: number; readonly total: number }
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
  const { settings, history, engines, parameters, file, verified, compressed } = facts
  const { network, recipe, epochs, batchSize, learningRate, seed, data } = settings
  const accuracy = verified.correct / verified.total
  const last = history.at(-1)
  return `${frontMatter(facts, accuracy)}
# ${network}

Reads one handwritten digit: input \`image\` float32 \`[batch, 1, 28, 28]\`, ink = 1 and paper = 0, framed as MNIST frames its
digits; outputs \`logits\` and \`probabilities\` float32 \`[batch, 10]\`.

| what | value |
|---|---|
| network | ${network}, ${parameters.toLocaleString('en-US')} trainable parameters |
| recipe | ${recipe}: plain SGD, batch ${batchSize}, learning rate ${learningRate} |
| epochs trained | ${history.length} of ${epochs} |
| data | ${data.description} (SHA-256 \`${data.sha256}\`) |
| seed | ${seed} |
| engine | ${engines.join('; then ')} |
| final training loss | ${last?.loss.toFixed(4)} |
| final training accuracy | ${percent(last?.trainAccuracy ?? Number.NaN)} |
| test accuracy, from this file | ${percent(accuracy)} (${verified.correct} of ${verified.total}) |
| precision | ${precisionText(compressed)} |
| file | \`${file.name}\`, ${file.bytes.toLocaleString('en-US')} bytes |
| SHA-256 | \`${file.sha256}\` |

## Use

\`\`\`sh
mnist-infer digit.png --model ${network}
mnist-infer verify --model ${network}
\`\`\`

## Intended use and limits

For single handwritten digits 0 to 9, cut out and framed like MNIST's; \`mnist-infer\` does the framing. It gives an answer for
anything it is shown: letters, several digits in one picture or scribbles come out as some digit. It has learned
${facts.isMnist ? 'from American census workers and high-school students of about 1990; other hands write some digits otherwise' : 'from generated digits alone, not from anyone’s handwriting'}.
Not for decisions that nobody checks.

## Epochs

| epoch | loss | training accuracy | test accuracy |
|---|---|---|---|
${history.map((metrics) => `| ${metrics.epoch} | ${metrics.loss.toFixed(4)} | ${percent(metrics.trainAccuracy)} | ${percent(metrics.testAccuracy)} |`).join('\n')}
`
}

function frontMatter({ settings, isMnist }: CardFacts, accuracy: number): string {
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
- name: ${settings.network}
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

function precisionText(compressed: CardFacts['compressed']): string {
  if (compressed === undefined) return 'fp32'
  const { precision, bytes, correct, total } = compressed
  return `${precision}; the fp32 file has ${bytes.toLocaleString('en-US')} bytes and ${percent(correct / total)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}
