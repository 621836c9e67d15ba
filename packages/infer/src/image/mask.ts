/** Yes or no for each pixel, and the thresholds that tell. */
import type { Plane } from './picture.js'

/** `values` [height × width], row by row from the top, 1 or 0. */
export interface Mask {
  readonly width: number
  readonly height: number
  readonly values: Uint8Array
}

/** Where the plane is above `threshold`. */
export function above({ width, height, values }: Plane, threshold: number): Mask {
  const out = new Uint8Array(values.length)
  for (let index = 0; index < out.length; index++) out[index] = (values[index] as number) > threshold ? 1 : 0
  return { width, height, values: out }
}

/** The plane where the mask is 1, and 0 elsewhere. */
export function masked(plane: Plane, mask: Mask): Plane {
  const { width, height } = plane
  const values = new Float32Array(plane.values.length)
  for (let index = 0; index < values.length; index++) {
    if (mask.values[index] === 1) values[index] = plane.values[index] as number
  }
  return { width, height, values }
}

/** Rows become columns: [height × width] -> [width × height]. */
export function transposeMask({ width, height, values }: Mask): Mask {
  const out = new Uint8Array(values.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) out[x * height + y] = values[y * width + x] as number
  }
  return { width: height, height: width, values: out }
}

/**
 * The threshold that parts the values above `floor` into the two most compact groups (N. Otsu, 'A threshold selection method
 * from gray-level histograms', IEEE Trans. SMC 9, 1979: greatest variance between the groups). Values 0…255.
 */
export function otsu(values: Float32Array, floor: number): number {
  const histogram = new Float64Array(256)
  let count = 0
  let sum = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    if (value <= floor) continue
    const level = Math.min(255, Math.round(value))
    histogram[level] = (histogram[level] as number) + 1
    count++
    sum += level
  }
  let best = { threshold: floor, variance: 0 }
  let below = 0
  let belowSum = 0
  for (let level = 0; level < 255; level++) {
    below += histogram[level] as number
    belowSum += level * (histogram[level] as number)
    if (below === 0 || below === count) continue
    const apart = belowSum / below - (sum - belowSum) / (count - below)
    const variance = below * (count - below) * apart ** 2
    if (variance > best.variance) best = { threshold: level + 0.5, variance }
  }
  return best.threshold
}
