/** One number of many by its rank, without sorting them all (C. A. R. Hoare, 'Algorithm 65: Find', CACM 4(7), 1961). */

/** The value that sorting would put at `rank`, 0 the least; undefined where there is none. `values` comes out in another order. */
export function valueOfRank(values: Float32Array, rank: number): number | undefined {
  let left = 0
  let right = values.length - 1
  while (left < right) {
    const pivot = values[rank] as number
    let low = left
    let high = right
    while (low <= high) {
      while ((values[low] as number) < pivot) low++
      while ((values[high] as number) > pivot) high--
      if (low > high) break
      const moved = values[low] as number
      values[low++] = values[high] as number
      values[high--] = moved
    }
    if (high < rank) left = low
    if (low > rank) right = high
  }
  return values[rank]
}
