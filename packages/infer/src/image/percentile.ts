/** Percentiles of values 0…255, to the nearest whole level: a histogram needs no sorting. */

/**
 * The level that `share` of the values above `floor` do not exceed; 255 where there are none.
 */
export function percentile(values: Float32Array, { share, floor = -1 }: { share: number; floor?: number }): number {
  const histogram = new Uint32Array(256)
  let count = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    if (value <= floor) continue
    const level = Math.max(0, Math.min(255, Math.round(value)))
    histogram[level] = (histogram[level] as number) + 1
    count++
  }
  let below = 0
  for (let level = 0; level < 256; level++) {
    below += histogram[level] as number
    if (below > share * count) return level
  }
  return 255
}
