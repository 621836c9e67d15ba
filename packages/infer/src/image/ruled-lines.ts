/**
 * Lines of ruled and squared paper, taken out of an ink mask: thin straight lines that run from one edge of the picture to the
 * other, level or a little tilted. Where a stroke crosses a line, the stroke stays.
 */
import { type Mask, transposeMask } from './mask.js'

/** Steepest line looked for: rise over run. */
const MAX_SLOPE = 0.12
const SLOPES = 25

/** Share of its way that a line must be seen on; the rest may be broken or hidden under ink. */
const LEAST_COVER = 0.7

/** A line is at most this thick, as a share of the picture's shorter side; strokes of a digit that fills the picture are thicker. */
const MOST_THICKNESS = 0.04

/** Columns that lines are looked for in. */
const SAMPLED_COLUMNS = 96

/** A line reaches into this share of the width at both ends. */
const END = 0.03

interface Line {
  /** Row in the middle of the picture, and rise a column. */
  readonly row: number
  readonly slope: number
  readonly cover: number
}

/** The mask without the lines, and how many of them there were. */
export function removeRuledLines(mask: Mask): { readonly mask: Mask; readonly lines: number } {
  const level = removeLevelLines(mask)
  if (!reachesTopAndBottom(level.mask)) return level
  const upright = removeLevelLines(transposeMask(level.mask))
  return { mask: transposeMask(upright.mask), lines: level.lines + upright.lines }
}

function removeLevelLines(mask: Mask): { readonly mask: Mask; readonly lines: number } {
  const found = findLines(mask)
  if (found.length === 0) return { mask, lines: 0 }
  const limit = Math.max(3, MOST_THICKNESS * Math.min(mask.width, mask.height))
  const values = Uint8Array.from(mask.values)
  let lines = 0
  for (const line of found) {
    const runs = runsAlong(mask, line)
    const typical = runs.map(({ length }) => length).sort((a, b) => a - b)[runs.length >> 1] ?? 0
    if (typical === 0 || typical > limit) continue
    lines++
    for (const { x, start, length } of runs) {
      if (length > 2 * typical + 1) continue
      for (let y = start; y < start + length; y++) values[y * mask.width + x] = 0
    }
  }
  return { mask: { ...mask, values }, lines }
}

/** Lines by a projection along each slope; of lines that lie on one another, the best covered one. */
function findLines(mask: Mask): Line[] {
  const { width, height } = mask
  if (!reachesBothSides(mask)) return []
  const columnStep = Math.max(1, Math.floor(width / SAMPLED_COLUMNS))
  const columns = Math.ceil(width / columnStep)
  const points = inkPoints(mask, columnStep)
  if (points.length < LEAST_COVER * columns) return []
  const found: Line[] = []
  for (let step = 0; step < SLOPES; step++) {
    const slope = MAX_SLOPE * ((2 * step) / (SLOPES - 1) - 1)
    const counts = new Float64Array(height)
    for (const index of points) {
      const x = index % width
      const row = Math.round((index - x) / width - slope * (x - width / 2))
      if (row >= 0 && row < height) counts[row] = (counts[row] as number) + 1
    }
    for (const [row, count] of counts.entries()) {
      if (count >= LEAST_COVER * columns) found.push({ row, slope, cover: count })
    }
  }
  found.sort((a, b) => b.cover - a.cover)
  const kept: Line[] = []
  for (const line of found) {
    const near = kept.some(
      ({ row, slope }) => Math.abs(row - line.row) <= 3 + (Math.abs(slope - line.slope) * width) / 2,
    )
    if (!near && reachesEnds(mask, line)) kept.push(line)
  }
  return kept
}

/** The same of the other two sides, without turning the mask. */
function reachesTopAndBottom({ width, height, values }: Mask): boolean {
  const rows = Math.max(2, Math.round(END * height)) * width
  return values.subarray(0, rows).includes(1) && values.subarray(-rows).includes(1)
}

/** Whether there is anything at both ends: most pictures have no lines, and are done here. */
function reachesBothSides({ width, height, values }: Mask): boolean {
  const end = Math.max(2, Math.round(END * width))
  const inked = (from: number): boolean => {
    for (let y = 0; y < height; y++) {
      for (let x = from; x < from + end; x++) if (values[y * width + x] === 1) return true
    }
    return false
  }
  return inked(0) && inked(width - end)
}

function inkPoints({ width, height, values }: Mask, columnStep: number): Int32Array {
  const points = new Int32Array(values.length)
  let count = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x += columnStep) {
      if (values[y * width + x] === 1) points[count++] = y * width + x
    }
  }
  return points.subarray(0, count)
}

function reachesEnds(mask: Mask, line: Line): boolean {
  const end = Math.max(2, Math.round(END * mask.width))
  const touches = (from: number): boolean => {
    for (let x = from; x < from + end; x++) if (runAt(mask, line, x).length > 0) return true
    return false
  }
  return touches(0) && touches(mask.width - end)
}

interface Run {
  readonly x: number
  readonly start: number
  readonly length: number
}

/** The upright run of ink that the line meets in each column where it meets any. */
function runsAlong(mask: Mask, line: Line): Run[] {
  return Array.from({ length: mask.width }, (_, x) => runAt(mask, line, x)).filter(({ length }) => length > 0)
}

function runAt({ width, height, values }: Mask, { row, slope }: Line, x: number): Run {
  const middle = Math.round(row + slope * (x - width / 2))
  const inked = (y: number): boolean => y >= 0 && y < height && values[y * width + x] === 1
  // A tilted line's rounding and a wavy print leave it up to two rows beside its place.
  const hit = [0, -1, 1, -2, 2].map((offset) => middle + offset).find(inked)
  if (hit === undefined) return { x, start: 0, length: 0 }
  let start = hit
  while (inked(start - 1)) start--
  let end = hit
  while (inked(end + 1)) end++
  return { x, start, length: end - start + 1 }
}
