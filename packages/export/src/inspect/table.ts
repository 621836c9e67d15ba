/** Columns of text, aligned. */

/** The rows under `header`, two spaces between columns; those named in `right` are flush right. */
export function tableText(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<string> = new Set(),
): string[] {
  const widths = header.map((title, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), title.length),
  )
  return [header, ...rows].map((row) =>
    header
      .map((title, column) => {
        const cell = row[column] ?? ''
        const width = widths[column] ?? 0
        return right.has(title) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** `61,706` */
export function countText(count: number): string {
  return count.toLocaleString('en-US')
}
