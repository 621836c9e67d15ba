/**
 * Ten hands that write the ten digits: the strokes of `fixtures/strokes.json`, each hand with styles, slant, size and place of its
 * own.
 */
import { readFileSync } from 'node:fs'

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Drawing {
  readonly digit: number
  readonly hand: number
  /** In a square of side 1. */
  readonly strokes: readonly (readonly Point[])[]
}

export const HANDS = 10

/** Segments that a curve is drawn in. */
const SEGMENTS = 10

/** Every digit in every hand. */
export function drawings(): Drawing[] {
  const file = new URL('../../fixtures/strokes.json', import.meta.url)
  const paths = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>
  return Array.from({ length: HANDS }, (_, hand) =>
    Object.entries(paths).map(([digit, styles]): Drawing => {
      const lines = polylines(styles[hand % styles.length] as string)
      return { digit: Number(digit), hand, strokes: lines.map((line) => line.map((point) => written(point, hand))) }
    }),
  ).flat()
}

/** A hand turns by up to 7 degrees, writes at 45 to 75 % of the pad's side, and off its middle by up to 8 %. */
function written({ x, y }: Point, hand: number): Point {
  const turn = ((hand - 4.5) / 4.5) * 0.12
  const size = 0.45 + 0.3 * ((hand * 7) % 10) * 0.1
  const [offX, offY] = [0.08 * Math.sin(hand * 2.4), 0.08 * Math.cos(hand * 1.7)]
  const [fromX, fromY] = [x / 100 - 0.5, y / 100 - 0.5]
  return {
    x: 0.5 + offX + size * (fromX * Math.cos(turn) - fromY * Math.sin(turn)),
    y: 0.5 + offY + size * (fromX * Math.sin(turn) + fromY * Math.cos(turn)),
  }
}

/** An SVG path of M, L and C, absolute. */
function polylines(path: string): Point[][] {
  const lines: Point[][] = []
  const numbers = (text: string): Point[] => {
    const values = text
      .trim()
      .split(/[\s,]+/)
      .map(Number)
    return Array.from({ length: values.length / 2 }, (_, index) => ({
      x: values[2 * index] as number,
      y: values[2 * index + 1] as number,
    }))
  }
  for (const [, command, rest = ''] of path.matchAll(/([MLC])([^MLC]*)/g)) {
    const points = numbers(rest)
    const line = lines.at(-1)
    if (command === 'M') lines.push(points)
    else if (command === 'L') line?.push(...points)
    else for (let index = 0; index < points.length; index += 3) curve(line as Point[], points.slice(index, index + 3))
  }
  return lines
}

/** A cubic Bézier curve from the line's end. */
function curve(line: Point[], [a, b, end]: Point[]): void {
  const start = line.at(-1) as Point
  for (let step = 1; step <= SEGMENTS; step++) {
    const t = step / SEGMENTS
    const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3]
    const points = [start, a as Point, b as Point, end as Point]
    const mixed = (of: (point: Point) => number): number =>
      points.reduce((sum, point, index) => sum + of(point) * (weights[index] as number), 0)
    line.push({ x: mixed(({ x }) => x), y: mixed(({ y }) => y) })
  }
}
