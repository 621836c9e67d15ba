/** Markdown tables and figures, as the report writes them. */

export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly number[],
): string {
  const rule = head.map((_, column) => (numeric.includes(column) ? '---:' : '---'))
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

export function whole(value: number): string {
  return value.toLocaleString('en-US')
}

/** Floating-point operations, a multiplication and an addition counted as two. */
export function flops(value: number): string {
  const [unit, size] = value >= 1e9 ? ['GFLOP', 1e9] : value >= 1e6 ? ['MFLOP', 1e6] : ['kFLOP', 1e3]
  return `${(value / (size as number)).toFixed(2)} ${unit}`
}

export function minutes(seconds: number): string {
  return seconds < 600 ? `${(seconds / 60).toFixed(1)} min` : `${Math.round(seconds / 60)} min`
}
