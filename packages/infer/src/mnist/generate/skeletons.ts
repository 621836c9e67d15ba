/**
 * How people write digits: the pen's way, as points on it. Styles of one digit are chosen by weight. Units: the height of
 * an upright digit is 100, x to the right, y downwards; a digit's frame and slant come later.
 */
import { SKELETONS_0_TO_4 } from './skeletons-0-to-4.js'
import { SKELETONS_5_TO_9 } from './skeletons-5-to-9.js'

/** One point of the pen's way; at a corner the way turns at once, elsewhere it is smooth. */
export interface Point {
  readonly x: number
  readonly y: number
  readonly corner: boolean
}

/** From where the pen touches the paper to where it leaves it. */
export type Stroke = readonly Point[]

/** One way to write a digit. */
export interface Skeleton {
  readonly strokes: readonly Stroke[]
  /** How often it is met, relative to the other styles of the digit. */
  readonly weight: number
}

/**
 * Styles of one digit as they stand in the tables: `[weight, strokes]`. Strokes are parted by `/`, points by blanks; a point
 * is `x,y`, with `!` behind it where the way has a corner.
 */
export type StyleTable = readonly (readonly [weight: number, strokes: string])[]

/** The styles of each digit. */
export const SKELETONS: readonly (readonly Skeleton[])[] = [...SKELETONS_0_TO_4, ...SKELETONS_5_TO_9].map((styles) =>
  styles.map(([weight, strokes]) => ({ weight, strokes: parseStrokes(strokes) })),
)

/** Strokes as they stand in the tables. */
export function parseStrokes(text: string): Stroke[] {
  return text.split('/').map(parseStroke)
}

function parseStroke(text: string): Stroke {
  return text
    .trim()
    .split(/\s+/)
    .map((point) => {
      const [, x, y, corner] = /^(-?\d+),(-?\d+)(!?)$/.exec(point) ?? []
      if (x === undefined || y === undefined) throw new Error(`internal: skeleton point ${point}`)
      return { x: Number(x), y: Number(y), corner: corner === '!' }
    })
}
