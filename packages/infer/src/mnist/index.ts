/** Data sets of digits: MNIST from wherever it is to be had, folders laid out like it, generated digits. */
export {
  type Dataset,
  type DatasetSource,
  type LoadOptions,
  loadDataset,
  loadTestDigits,
  type TestDigits,
} from './dataset.js'
export { CLASSES, DIGIT_PIXELS, DIGIT_SIZE, type Digits } from './digits.js'
export type { DownloadProgress } from './download/download-mnist.js'
export { type GenerateOptions, generateDigits } from './generate/generate-digits.js'
export { generateOutliers } from './generate/generate-outliers.js'
export { decodeIdx, encodeIdx, type IdxArray, readIdx } from './idx.js'
export { createRandom, type Random } from './random.js'
