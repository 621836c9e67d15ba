/** How well a model reads a set of labelled digits, from its file as it lies on the disk. */
import { type ClassifierOptions, createClassifier, type ModelFacts } from './classify.js'
import { DIGIT_PIXELS, type Digits } from './mnist/digits.js'
import { type Figures, figuresOf } from './verify/report.js'

export interface VerifyOptions extends Omit<ClassifierOptions, 'model'> {
  /** Pictures a run; 250 by default, which keeps a small model's data in the processor's cache. */
  readonly batchSize?: number
  /** Called after each run. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface Verification extends Figures {
  readonly model: ModelFacts
  /** For all pictures, opening the model not counted. */
  readonly seconds: number
  /** [count, 10] */
  readonly probabilities: Float32Array
}

/**
 * Classifies all of `digits` and compares with their labels.
 *
 * @param model A path, or a name that is looked up.
 * @throws UserError as `createClassifier` does.
 */
export async function verifyModel(model: string, digits: Digits, options: VerifyOptions = {}): Promise<Verification> {
  const { batchSize = 250, onProgress, ...classifierOptions } = options
  const classifier = await createClassifier({ model, ...classifierOptions })
  try {
    const begin = performance.now()
    const probabilities = new Float32Array(digits.count * 10)
    for (let start = 0; start < digits.count; start += batchSize) {
      const end = Math.min(digits.count, start + batchSize)
      const images = digits.images.subarray(start * DIGIT_PIXELS, end * DIGIT_PIXELS)
      probabilities.set(await classifier.probabilities(images), start * 10)
      onProgress?.(end, digits.count)
    }
    const seconds = (performance.now() - begin) / 1000
    return { ...figuresOf(digits.labels, probabilities), model: classifier.info, seconds, probabilities }
  } finally {
    await classifier.close()
  }
}
