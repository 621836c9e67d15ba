/**
 * Whether a model's confidence means what it says: of the answers given with 80 %, 80 % should be right. Source: C. Guo, G. Pleiss, Y. Sun,
 * K. Weinberger, 'On Calibration of Modern Neural Networks', ICML 2017, section 2 (reliability diagram, expected calibration error).
 */

const CLASSES = 10

/** As in the paper: equal parts of 0…1. */
export const BINS = 15

export interface CalibrationBin {
  /** Confidences above `from`, up to `to`. */
  readonly from: number
  readonly to: number
  readonly count: number
  /** Mean confidence and share of right answers in the bin; NaN where it is empty. */
  readonly confidence: number
  readonly accuracy: number
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[]
  /** Mean distance of confidence and accuracy over the bins, each by its share of the answers; 0 is perfect. */
  readonly expectedError: number
  /** The greatest of these distances. */
  readonly largestError: number
}

/**
 * @param labels [count], 0…9
 * @param probabilities [count, 10]
 */
export function calibrationOf(labels: Uint8Array, probabilities: Float32Array): Calibration {
  const [counts, confidences, right] = [new Float64Array(BINS), new Float64Array(BINS), new Float64Array(BINS)]
  for (let index = 0; index < labels.length; index++) {
    const row = probabilities.subarray(index * CLASSES, (index + 1) * CLASSES)
    const confidence = Math.max(...row)
    const bin = Math.min(BINS - 1, Math.max(0, Math.ceil(confidence * BINS) - 1))
    counts[bin] = (counts[bin] as number) + 1
    confidences[bin] = (confidences[bin] as number) + confidence
    if (row.indexOf(confidence) === labels[index]) right[bin] = (right[bin] as number) + 1
  }
  const bins = Array.from(counts, (count, bin): CalibrationBin => {
    const share = { confidence: (confidences[bin] as number) / count, accuracy: (right[bin] as number) / count }
    return { from: bin / BINS, to: (bin + 1) / BINS, count, ...share }
  })
  const filled = bins.filter(({ count }) => count > 0)
  const distances = filled.map(({ confidence, accuracy }) => Math.abs(confidence - accuracy))
  const weighted = filled.reduce((sum, { count }, index) => sum + count * (distances[index] as number), 0)
  return { bins, expectedError: weighted / labels.length, largestError: Math.max(0, ...distances) }
}
