/** What a model got right and wrong on labelled digits, as figures. */
import { type Calibration, calibrationOf } from './calibration.js'

const CLASSES = 10

export interface ClassFigures {
  readonly digit: number
  /** Of the pictures read as this digit, the share that are; NaN where none was. */
  readonly precision: number
  /** Of the pictures of this digit, the share that were read so; NaN where there are none. */
  readonly recall: number
  /** Harmonic mean of precision and recall. */
  readonly f1: number
  /** Pictures of this digit. */
  readonly support: number
}

export interface Misread {
  /** The picture's place in the data set. */
  readonly index: number
  readonly label: number
  readonly answer: number
  /** The answer's, 0…1. */
  readonly probability: number
}

export interface Figures {
  readonly correct: number
  readonly total: number
  readonly accuracy: number
  /** `confusion[label][answer]` */
  readonly confusion: readonly (readonly number[])[]
  readonly perClass: readonly ClassFigures[]
  readonly calibration: Calibration
  /** The most confident first. */
  readonly misread: readonly Misread[]
}

/**
 * @param labels [count], 0…9
 * @param probabilities [count, 10]
 */
export function figuresOf(labels: Uint8Array, probabilities: Float32Array): Figures {
  const confusion = Array.from({ length: CLASSES }, () => new Array<number>(CLASSES).fill(0))
  const misread: Misread[] = []
  for (const [index, label] of labels.entries()) {
    const row = probabilities.subarray(index * CLASSES, (index + 1) * CLASSES)
    const answer = greatest(row)
    const counts = confusion[label] as number[]
    counts[answer] = (counts[answer] as number) + 1
    if (answer !== label) misread.push({ index, label, answer, probability: row[answer] as number })
  }
  misread.sort((a, b) => b.probability - a.probability)
  const total = labels.length
  const correct = total - misread.length
  const calibration = calibrationOf(labels, probabilities)
  const perClass = classFigures(confusion)
  return { correct, total, accuracy: correct / total, confusion, perClass, calibration, misread }
}

function classFigures(confusion: readonly (readonly number[])[]): ClassFigures[] {
  return confusion.map((row, digit) => {
    const hits = row[digit] as number
    const support = row.reduce((sum, count) => sum + count, 0)
    const answered = confusion.reduce((sum, other) => sum + (other[digit] as number), 0)
    const precision = hits / answered
    const recall = hits / support
    return { digit, precision, recall, f1: (2 * hits) / (support + answered), support }
  })
}

/** The first place of the greatest value. */
function greatest(row: Float32Array): number {
  let best = 0
  for (let index = 1; index < row.length; index++) if ((row[index] as number) > (row[best] as number)) best = index
  return best
}
