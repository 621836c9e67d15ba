/** Sliding windows over planes: mean, least and greatest of a square of side 2·radius + 1, cut off at the plane's edges. */
import { emptyPlane, type Plane } from './picture.js'

/** The mean of each window. */
export function boxMean(plane: Plane, radius: number): Plane {
  if (radius < 1) return plane
  return transpose(meanOfRows(transpose(meanOfRows(plane, radius)), radius))
}

/** Grey opening: the greatest of the least. What is bright and narrower than the window goes; the rest stays as it is. */
export function opening(plane: Plane, radius: number): Plane {
  if (radius < 1) return plane
  const least = square(plane, radius, (a, b) => a <= b)
  return square(least, radius, (a, b) => a >= b)
}

function square(plane: Plane, radius: number, wins: Wins): Plane {
  return transpose(extremeOfRows(transpose(extremeOfRows(plane, radius, wins)), radius, wins))
}

type Wins = (a: number, b: number) => boolean

/** Rows become columns: [height × width] -> [width × height]. */
export function transpose({ width, height, values }: Plane): Plane {
  const out = emptyPlane(height, width)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) out.values[x * height + y] = values[y * width + x] as number
  }
  return out
}

function meanOfRows({ width, height, values }: Plane, radius: number): Plane {
  const out = emptyPlane(width, height)
  const sums = new Float64Array(width + 1)
  for (let y = 0; y < height; y++) {
    const row = y * width
    for (let x = 0; x < width; x++) sums[x + 1] = (sums[x] as number) + (values[row + x] as number)
    for (let x = 0; x < width; x++) {
      const start = Math.max(0, x - radius)
      const end = Math.min(width, x + radius + 1)
      out.values[row + x] = ((sums[end] as number) - (sums[start] as number)) / (end - start)
    }
  }
  return out
}

/** A queue of places whose values only get worse gives each window's best in constant time a pixel. */
function extremeOfRows({ width, height, values }: Plane, radius: number, wins: Wins): Plane {
  const out = emptyPlane(width, height)
  const queue = new Int32Array(width)
  for (let y = 0; y < height; y++) {
    const row = y * width
    let head = 0
    let tail = 0
    for (let next = 0; next < width + radius; next++) {
      if (next < width) {
        while (tail > head && wins(values[row + next] as number, values[row + (queue[tail - 1] as number)] as number))
          tail--
        queue[tail++] = next
      }
      const x = next - radius
      if (x < 0) continue
      while ((queue[head] as number) < x - radius) head++
      out.values[row + x] = values[row + (queue[head] as number)] as number
    }
  }
  return out
}
