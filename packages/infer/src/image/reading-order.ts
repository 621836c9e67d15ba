/** Boxes in the order in which they are read: rows from the top, each row from the left. */
import type { Box } from './picture.js'

/** Boxes are in one row where they share so much of the lower one's height. */
const SHARED_HEIGHT = 0.5

export function inReadingOrder<T extends { readonly box: Box }>(items: readonly T[]): T[][] {
  const rows: T[][] = []
  for (const item of [...items].sort((a, b) => a.box.x - b.box.x)) {
    // The nearest to the left tells: a row may climb or fall from end to end.
    const row = rows.find((one) => sharesHeight((one.at(-1) as T).box, item.box))
    if (row === undefined) rows.push([item])
    else row.push(item)
  }
  return rows.sort((a, b) => middleOf(a[0] as T) - middleOf(b[0] as T))
}

function sharesHeight(a: Box, b: Box): boolean {
  const shared = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  return shared >= SHARED_HEIGHT * Math.min(a.height, b.height)
}

function middleOf({ box }: { readonly box: Box }): number {
  return box.y + box.height / 2
}
