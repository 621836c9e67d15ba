/** Examples that a model is calibrated and measured on, and how many of them it answers rightly. */
import { UserError } from '../errors.js'
import type { Feeds, ModelSession } from './session.js'

export interface Examples {
  readonly count: number
  /** Examples a run, where the model fixes it. */
  readonly batch: number | undefined
  /** The output, [batch, …, classes], whose largest value along its last axis is the answer. */
  readonly output: string
  /** The right answers, as many an example as the output has; undefined: what the model in fp32 answers. */
  readonly labels: ArrayLike<number> | undefined
  /** Examples `start` to `end` as what the model takes; where it fixes the batch, filled up to it. */
  feed(range: { readonly start: number; readonly end: number }): Feeds
}

/** Share of the answers that are right; how many of them, and of how many. */
export interface Accuracy {
  readonly correct: number
  readonly total: number
}

/** Examples a run: what AlexNet makes of them stays below 200 MB. */
const BATCH = 100

/**
 * The model's answers, [count, answers an example].
 * @throws UserError INPUT where an output has no classes, or none for each example
 */
export async function answersOf(
  session: ModelSession,
  { examples, onProgress }: { examples: Examples; onProgress?: (done: number, total: number) => void },
): Promise<readonly number[]> {
  const { count, output } = examples
  const answers: number[] = []
  const size = examples.batch ?? BATCH
  for (let start = 0; start < count; start += size) {
    const end = Math.min(count, start + size)
    const { [output]: scores } = await session.run(examples.feed({ start, end }))
    if (scores === undefined) throw new Error(`internal: the session gave no ${output}`)
    const { dims, data } = scores
    const classes = dims.at(-1) ?? 0
    if (dims.length < 2 || classes < 2 || (dims[0] as number) < end - start) {
      throw new UserError(
        'INPUT',
        `output ${output}: expected [${end - start}, …, classes] for ${end - start} examples, found [${dims.join(', ')}]`,
      )
    }
    const answersEach = data.length / classes / (dims[0] as number)
    for (let answer = 0; answer < (end - start) * answersEach; answer++) answers.push(largest(data, answer, classes))
    onProgress?.(end, count)
  }
  return answers
}

/** @throws UserError INPUT where there is not one label for each answer */
export function accuracyOf(answers: readonly number[], labels: ArrayLike<number>): Accuracy {
  if (labels.length !== answers.length) {
    throw new UserError(
      'INPUT',
      `labels: expected one for each of the model's ${answers.length} answers, found ${labels.length}`,
    )
  }
  return { correct: answers.filter((answer, index) => answer === labels[index]).length, total: answers.length }
}

/** `98.76 %` */
export function percent({ correct, total }: Accuracy): string {
  return `${((100 * correct) / total).toFixed(2)} %`
}

/** Index of the largest of `classes` values, the first of equals. */
function largest(data: ArrayLike<number | bigint>, row: number, classes: number): number {
  const offset = row * classes
  let best = 0
  for (let index = 1; index < classes; index++) {
    if (Number(data[offset + index]) > Number(data[offset + best])) best = index
  }
  return best
}
