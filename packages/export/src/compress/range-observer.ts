/**
 * Ranges of activations from samples: a histogram of each, and the interval within it that 8 bits render with the least squared error.
 * A rare large value is clipped where finer steps for all others are worth more.
 */
import type { Range, Ranges } from './calibration.js'

/** Bins over [-reach, reach]; reach doubles, and bins merge in pairs, as larger values come. */
const BINS = 4096

/** Shares of an end of the range that are tried as the end. */
const CLIPS = Array.from({ length: 40 }, (_, step) => 1 - step * 0.02)

/** Steps of 8 bits. */
const STEPS = 255

interface Histogram {
  min: number
  max: number
  reach: number
  counts: Float64Array
}

export class RangeObserver {
  readonly #histograms = new Map<string, Histogram>()

  /** Adds samples of a value. What is not finite is left out. */
  observe(name: string, samples: Float32Array): void {
    let histogram = this.#histograms.get(name)
    if (histogram === undefined) {
      histogram = { min: 0, max: 0, reach: 2 ** -20, counts: new Float64Array(BINS) }
      this.#histograms.set(name, histogram)
    }
    let { min, max } = histogram
    for (const sample of samples) {
      if (sample < min && sample !== Number.NEGATIVE_INFINITY) min = sample
      else if (sample > max && sample !== Number.POSITIVE_INFINITY) max = sample
    }
    histogram.min = min
    histogram.max = max
    while (histogram.reach <= Math.max(-min, max)) widen(histogram)
    const { counts, reach } = histogram
    const perBin = BINS / 2 / reach
    for (const sample of samples) {
      const bin = Math.floor(sample * perBin) + BINS / 2
      if (bin >= 0 && bin < BINS) counts[bin] = (counts[bin] as number) + 1
    }
  }

  /** The best interval of each value seen; it always holds 0, which padding needs to be exact. */
  ranges(): Ranges {
    return new Map([...this.#histograms].map(([name, histogram]) => [name, bestRange(histogram)]))
  }
}

function widen(histogram: Histogram): void {
  const merged = new Float64Array(BINS)
  for (const [bin, count] of histogram.counts.entries()) {
    const target = BINS / 4 + (bin >> 1)
    merged[target] = (merged[target] as number) + count
  }
  histogram.counts = merged
  histogram.reach *= 2
}

function bestRange(histogram: Histogram): Range {
  const { min, max } = histogram
  let best = { range: { min, max }, error: Number.POSITIVE_INFINITY }
  // Both ends by the same share: activations after a ReLU have only one, others are about symmetrical.
  for (const clip of CLIPS) {
    const range = { min: min * clip, max: max * clip }
    const error = squaredError(histogram, range)
    if (error < best.error) best = { range, error }
  }
  return best.range
}

/** Σ over the samples: within the range the variance of rounding, step²/12; beyond, the square of the distance to its end. */
function squaredError({ counts, reach }: Histogram, { min, max }: Range): number {
  const width = (2 * reach) / BINS
  const step = (max - min) / STEPS
  let error = 0
  for (const [bin, count] of counts.entries()) {
    if (count === 0) continue
    const value = (bin + 0.5) * width - reach
    const beyond = value < min ? min - value : value > max ? value - max : 0
    // 0 is exact, and for a sparse activation it is most of the samples.
    const rounding = bin === BINS / 2 ? 0 : (step * step) / 12
    error += count * (beyond > width ? beyond * beyond : rounding)
  }
  return error
}
