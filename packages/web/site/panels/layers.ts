/** What each layer makes of the drawing. */
import type { DigitReader, FeatureStage } from 'mnist-digit'
import { byId, pixelCanvas } from '../page.js'

/** Side of a map on the page, in CSS pixels. */
const SIZES: readonly (readonly [from: number, size: number])[] = [
  [24, 76],
  [12, 60],
  [8, 48],
  [0, 44],
]

/** Units of a dense layer in a row. */
const MOST_UNITS = 60

/** Operators in words. */
const KINDS: Readonly<Record<string, string>> = {
  Sigmoid: 'after the sigmoid',
  Relu: 'after the ReLU',
  AveragePool: 'average pool',
  MaxPool: 'max pool',
  GlobalAveragePool: 'global average',
}

export class LayersPanel {
  readonly #list = byId('layer-list', 'div')
  #waiting: { reader: DigitReader; seen: Uint8Array } | undefined
  #busy = false

  /** Shows the layers of `seen`, a framed digit; while one is being worked on, the newest waits. */
  show(reader: DigitReader, seen: Uint8Array): void {
    this.#waiting = { reader, seen }
    if (!this.#busy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#busy = true
    try {
      while (this.#waiting !== undefined) {
        const { reader, seen } = this.#waiting
        this.#waiting = undefined
        this.#list.replaceChildren(...(await reader.featureMaps(seen)).map(layer))
      }
    } catch (error) {
      this.#list.textContent = error instanceof Error ? error.message : String(error)
    } finally {
      this.#busy = false
    }
  }
}

function layer({ name, operator, shape, values }: FeatureStage): HTMLElement {
  const section = document.createElement('div')
  section.className = 'layer'
  const header = document.createElement('header')
  const title = document.createElement('strong')
  title.textContent = name.split('/')[0] ?? name
  const [kind, size] = [document.createElement('span'), document.createElement('span')]
  kind.textContent = KINDS[operator] ?? operator
  size.textContent = shape.length === 1 ? `${shape[0]} units` : shape.join(' × ')
  header.append(title, kind, size)
  const maps = document.createElement('div')
  maps.className = 'maps'
  maps.append(...(shape.length === 3 ? channelMaps(values, shape) : [unitMap(values)]))
  section.append(header, maps)
  return section
}

function channelMaps(values: Float32Array, [, height = 1, width = 1]: readonly number[]): HTMLCanvasElement[] {
  const size = SIZES.find(([from]) => height >= from)?.[1] ?? 44
  const count = values.length / (height * width)
  return Array.from({ length: count }, (_, channel) => {
    const map = values.subarray(channel * height * width, (channel + 1) * height * width)
    const canvas = pixelCanvas(stretched(map), width, height)
    canvas.style.setProperty('--size', `${size}px`)
    canvas.setAttribute('role', 'img')
    canvas.setAttribute('aria-label', `Channel ${channel + 1}`)
    return canvas
  })
}

/** A dense layer: its units in rows. */
function unitMap(values: Float32Array): HTMLCanvasElement {
  const rows = Math.ceil(values.length / MOST_UNITS)
  const columns = Math.ceil(values.length / rows)
  const pixels = new Float32Array(columns * rows)
  pixels.set(stretched(values))
  const canvas = pixelCanvas(pixels, columns, rows)
  canvas.className = 'units'
  canvas.setAttribute('role', 'img')
  canvas.setAttribute('aria-label', `${values.length} units`)
  return canvas
}

/** From the least value to the greatest, as 0…255. */
function stretched(values: Float32Array): Float32Array {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    least = Math.min(least, value)
    greatest = Math.max(greatest, value)
  }
  const range = greatest - least || 1
  return values.map((value) => (255 * (value - least)) / range)
}
