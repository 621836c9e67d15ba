/** Encoded pictures to answers, in a worker: decode and frame each, run the model once for all that show a digit. */
import { softmaxRows } from '../../classify.js'
import { decodePicture, encodePng, type Framed, frameDigit, type Step } from '../../image/index.js'
import { CLASSES, DIGIT_PIXELS } from '../../mnist/digits.js'
import { decide } from '../../model/decide.js'
import type { OutputRows, PictureAnswer, PictureRequest, PlainError, StepPicture } from './messages.js'
import type { ModelRunner } from './model-runner.js'
import { plainError } from './plain-error.js'

type Outcome = PictureAnswer | { readonly error: PlainError }

/** One broken picture is an error in its own place, never the end of the others. */
export async function readPictures(
  runner: ModelRunner,
  pictures: readonly PictureRequest[],
  maxPixels: number,
): Promise<Outcome[]> {
  const framings = await Promise.all(pictures.map((picture) => framing(picture, maxPixels)))
  const digits = framings.flatMap((found) => ('digit' in found && found.digit !== null ? [found.digit.pixels] : []))
  const probabilities = digits.length === 0 ? [] : await probabilityRows(runner, digits)
  let row = 0
  return Promise.all(
    framings.map(async (found, index): Promise<Outcome> => {
      if ('error' in found) return found
      const shown = pictures[index]?.explain === true ? { steps: await stepPictures(found.steps) } : {}
      if (found.digit === null) return { digit: null, reason: found.reason, ...shown }
      const answer = answerOf(probabilities[row++] as number[], runner.model.leastProbability)
      const { polarity, box } = found
      return answer.digit === null ? { ...answer, ...shown } : { ...answer, polarity, box, ...shown }
    }),
  )
}

async function framing(
  { bytes, invert, explain }: PictureRequest,
  maxPixels: number,
): Promise<Framed | { error: PlainError }> {
  try {
    return frameDigit(await decodePicture({ name: 'picture', bytes }, { maxPixels }), { invert, explain })
  } catch (error) {
    return { error: plainError(error) }
  }
}

/** @returns [digits][10] */
async function probabilityRows(runner: ModelRunner, digits: readonly Uint8Array[]): Promise<number[][]> {
  const { output, range } = runner.model
  const scale = (range.ink - range.paper) / 255
  const values = new Float32Array(digits.length * DIGIT_PIXELS)
  for (const [index, pixels] of digits.entries()) {
    const start = index * DIGIT_PIXELS
    for (let pixel = 0; pixel < DIGIT_PIXELS; pixel++) {
      values[start + pixel] = range.paper + scale * (pixels[pixel] as number)
    }
  }
  const { data } = (await runner.run(values)).find(({ name }) => name === output) as OutputRows
  const rows = output === 'probabilities' ? data : softmaxRows(data)
  return digits.map((_, index) => Array.from(rows.subarray(index * CLASSES, (index + 1) * CLASSES)))
}

function answerOf(probabilities: readonly number[], least: number) {
  const decision = decide(probabilities, least)
  if (decision.digit === null) return decision
  return { digit: decision.digit, probability: decision.probability, probabilities }
}

function stepPictures(steps: readonly Step[]): Promise<StepPicture[]> {
  return Promise.all(
    steps.map(async ({ name, picture }) => ({
      name,
      png: Buffer.from(await encodePng(picture)).toString('base64'),
    })),
  )
}
