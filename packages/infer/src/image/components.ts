/** Connected parts of a mask: pixels that touch at a side or a corner belong together. */
import type { Mask } from './mask.js'
import type { Box, Plane } from './picture.js'

export interface Component {
  /** Its number in the label plane, from 1. */
  readonly label: number
  readonly box: Box
  /** Pixels. */
  readonly area: number
  /** Sum of the ink on its pixels, each 0…255. */
  readonly ink: number
  /** The most ink on one of its pixels. */
  readonly peak: number
  /** How many of its pixels lie on the picture's edge. */
  readonly edgePixels: number
}

export interface Components {
  readonly parts: readonly Component[]
  /** [height × width], the label of each pixel, 0 where the mask is 0. */
  readonly labels: Int32Array
}

/** Labels the parts of `mask`, in the order of their first pixels. */
export function connectedComponents(mask: Mask, ink: Plane): Components {
  const { width, height, values } = mask
  const labels = new Int32Array(values.length)
  const stack = new Int32Array(values.length)
  const parts: Component[] = []
  for (let start = 0; start < values.length; start++) {
    if (values[start] === 0 || labels[start] !== 0) continue
    const label = parts.length + 1
    let [left, right, top, bottom] = [width, 0, height, 0]
    let [area, sum, peak, edgePixels] = [0, 0, 0, 0]
    let depth = 0
    stack[depth++] = start
    labels[start] = label
    while (depth > 0) {
      const index = stack[--depth] as number
      const x = index % width
      const y = (index - x) / width
      area++
      sum += ink.values[index] as number
      peak = Math.max(peak, ink.values[index] as number)
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) edgePixels++
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx
          if (values[next] === 0 || labels[next] !== 0) continue
          labels[next] = label
          stack[depth++] = next
        }
      }
    }
    const box = { x: left, y: top, width: right - left + 1, height: bottom - top + 1 }
    parts.push({ label, box, area, ink: sum, peak, edgePixels })
  }
  return { parts, labels }
}

/** The mask of some of the parts. */
export function maskOf({ labels, parts }: Components, kept: readonly Component[], { width, height }: Mask): Mask {
  const wanted = new Uint8Array(parts.length + 1)
  for (const { label } of kept) wanted[label] = 1
  const values = new Uint8Array(labels.length)
  for (let index = 0; index < values.length; index++) values[index] = wanted[labels[index] as number] as number
  return { width, height, values }
}
