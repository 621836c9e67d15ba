/** What each layer makes of the drawing. */
import type { DigitReader, FeatureStage } from 'mnist-digit'
import { byId, paintPixels, pixelCanvas } from '../page.js'

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

/** Off the screen the layers wait until the hand rests so long, in milliseconds: the answer comes first. */
const REST = 1000

interface Waiting {
  readonly reader: DigitReader
  readonly seen: Uint8Array
}

export class LayersPanel {
  readonly #list = byId('layer-list', 'div')
  #waiting: Waiting | undefined
  #busy = false
  #onScreen = false
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What is shown: names and shapes of the stages, and the canvases of each. */
  #shown = { key: '', maps: [] as (readonly HTMLCanvasElement[])[] }

  constructor() {
    new IntersectionObserver((entries) => {
      this.#onScreen = entries.some(({ isIntersecting }) => isIntersecting)
      if (this.#onScreen) void this.#work()
    }).observe(this.#list)
  }

  /** Shows the layers of `seen`, a framed digit; while one is being worked on, the newest waits. */
  show(reader: DigitReader, seen: Uint8Array): void {
    this.#waiting = { reader, seen }
    clearTimeout(this.#timer)
    if (this.#onScreen) void this.#work()
    else this.#timer = setTimeout(() => void this.#work(), REST)
  }

  async #work(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      while (this.#waiting !== undefined) {
        const { reader, seen } = this.#waiting
        this.#waiting = undefined
        await this.#paint(await reader.featureMaps(seen))
      }
    } catch (error) {
      this.#shown = { key: '', maps: [] }
      this.#list.textContent = error instanceof Error ? error.message : String(error)
    } finally {
      this.#busy = false
    }
  }

  /**
   * The canvases stay where the network is the same: only their pixels change. The page has its turn after each layer, so that a
   * hand that draws on does not wait for a hundred canvases.
   */
  async #paint(stages: readonly FeatureStage[]): Promise<void> {
    const key = stages.map(({ name, shape }) => `${name} ${shape.join()}`).join('; ')
    if (key !== this.#shown.key) this.#shown = { key, maps: [] }
    for (const [index, stage] of stages.entries()) {
      if (index > 0) await turn()
      const canvases = this.#shown.maps[index] ?? this.#build(stage, index)
      const pixels = stage.values.length / canvases.length
      for (const [channel, canvas] of canvases.entries())
        paintPixels(canvas, stretched(stage.values.subarray(channel * pixels, (channel + 1) * pixels)))
    }
    while (this.#list.children.length > stages.length) this.#list.lastElementChild?.remove()
  }

  /** In the place of what another network had there: the list does not collapse under who reads it. */
  #build(stage: FeatureStage, index: number): readonly HTMLCanvasElement[] {
    const { section, canvases } = layer(stage)
    const before = this.#list.children[index]
    if (before === undefined) this.#list.append(section)
    else before.replaceWith(section)
    this.#shown.maps[index] = canvases
    return canvases
  }
}

/** Ends once the page has done what waited: input first. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

interface Layer {
  readonly section: HTMLElement
  readonly canvases: readonly HTMLCanvasElement[]
}

function layer({ name, operator, shape, values }: FeatureStage): Layer {
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
  const canvases = shape.length === 3 ? channelMaps(values.length, shape) : [unitMap(values.length)]
  maps.append(...canvases)
  section.append(header, maps)
  return { section, canvases }
}

function channelMaps(count: number, [, height = 1, width = 1]: readonly number[]): HTMLCanvasElement[] {
  const size = SIZES.find(([from]) => height >= from)?.[1] ?? 44
  return Array.from({ length: count / (height * width) }, (_, channel) => {
    const canvas = pixelCanvas([], width, height)
    canvas.style.setProperty('--size', `${size}px`)
    canvas.setAttribute('role', 'img')
    canvas.setAttribute('aria-label', `Channel ${channel + 1}`)
    return canvas
  })
}

/** A dense layer: its units in rows. */
function unitMap(units: number): HTMLCanvasElement {
  const rows = Math.ceil(units / MOST_UNITS)
  const canvas = pixelCanvas([], Math.ceil(units / rows), rows)
  canvas.className = 'units'
  canvas.setAttribute('role', 'img')
  canvas.setAttribute('aria-label', `${units} units`)
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
