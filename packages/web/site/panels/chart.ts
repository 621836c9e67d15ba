/** The curves of a training, live: losses of the batches, accuracies of the epochs. */

export interface BatchPoint {
  /** How much of the training is done, 0…1. */
  readonly share: number
  readonly loss: number
}

export interface EpochPoint {
  readonly share: number
  readonly trainAccuracy: number
  readonly testAccuracy: number
}

/** Space for the labels, in CSS pixels. */
const MARGIN = { left: 44, right: 12, top: 10, bottom: 26 }

/** Cross-entropy of a guess among ten: where a training begins. */
const CHANCE_LOSS = Math.log(10)

export class Chart {
  readonly #canvas: HTMLCanvasElement
  #batches: BatchPoint[] = []
  #epochs: EpochPoint[] = []
  #planned = 8
  #scheduled = false
  #onScreen = false
  #looks: Looks | undefined

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas
    new ResizeObserver(() => this.#schedule()).observe(canvas)
    // What nobody sees is drawn once it is seen.
    new IntersectionObserver((entries) => {
      this.#onScreen = entries.some(({ isIntersecting }) => isIntersecting)
      this.#schedule()
    }).observe(canvas)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#looks = undefined
      this.#schedule()
    })
  }

  reset(epochs: number): void {
    this.#batches = []
    this.#epochs = []
    this.#planned = epochs
    this.#schedule()
  }

  addBatch(point: BatchPoint): void {
    this.#batches.push(point)
    this.#schedule()
  }

  addEpoch(point: EpochPoint): void {
    this.#epochs.push(point)
    this.#canvas.setAttribute('aria-label', this.#summary())
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || !this.#onScreen) return
    this.#scheduled = true
    requestAnimationFrame(() => {
      this.#scheduled = false
      this.#draw()
    })
  }

  #draw(): void {
    const { clientWidth, clientHeight } = this.#canvas
    const context = this.#canvas.getContext('2d')
    if (context === null || clientWidth === 0) return
    this.#canvas.width = Math.round(clientWidth * devicePixelRatio)
    this.#canvas.height = Math.round(clientHeight * devicePixelRatio)
    context.scale(devicePixelRatio, devicePixelRatio)
    this.#looks ??= looksOf(this.#canvas)
    const { colours, font } = this.#looks
    const area: Area = {
      left: MARGIN.left,
      top: MARGIN.top,
      width: clientWidth - MARGIN.left - MARGIN.right,
      height: clientHeight - MARGIN.top - MARGIN.bottom,
    }
    drawGrid(context, area, {
      line: colours.line,
      text: colours.muted,
      font,
      epochs: this.#planned,
    })
    const top = Math.max(CHANCE_LOSS, ...this.#batches.map(({ loss }) => Math.min(loss, 4)))
    drawCurve(context, area, {
      colour: colours.loss,
      width: 1.6,
      points: smooth(this.#batches).map(({ share, loss }) => [share, Math.min(1, loss / top)]),
    })
    const series = [
      {
        colour: colours.train,
        points: this.#epochs.map(({ share, trainAccuracy }) => [share, trainAccuracy] as const),
      },
      {
        colour: colours.test,
        points: this.#epochs.map(({ share, testAccuracy }) => [share, testAccuracy] as const),
      },
    ]
    for (const each of series) drawCurve(context, area, { ...each, width: 2.4, dots: true })
  }

  #summary(): string {
    const last = this.#epochs.at(-1)
    if (last === undefined) return 'Curves of the training: none yet'
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
    return `After ${this.#epochs.length} epochs: training accuracy ${percent(last.trainAccuracy)}, test accuracy ${percent(last.testAccuracy)}`
  }
}

interface Looks {
  readonly colours: Readonly<Record<(typeof COLOURS)[number], string>>
  readonly font: string
}

/** Custom properties of the page. */
const COLOURS = ['line', 'muted', 'loss', 'train', 'test'] as const

/** Asking is dear: once for each colour scheme. */
function looksOf(canvas: HTMLCanvasElement): Looks {
  const { fontFamily } = getComputedStyle(canvas)
  const colours = Object.fromEntries(COLOURS.map((name) => [name, resolved(canvas, `var(--${name})`)]))
  return { colours: colours as Looks['colours'], font: `12px ${fontFamily}` }
}

interface Area {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

interface GridStyle {
  readonly line: string
  readonly text: string
  readonly font: string
  readonly epochs: number
}

function drawGrid(context: CanvasRenderingContext2D, { left, top, width, height }: Area, style: GridStyle): void {
  context.font = style.font
  context.fillStyle = style.text
  context.strokeStyle = style.line
  context.lineWidth = 1
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const y = Math.round(top + height * (1 - share)) + 0.5
    context.beginPath()
    context.moveTo(left, y)
    context.lineTo(left + width, y)
    context.stroke()
    context.fillText(`${share * 100} %`, left - 8, y)
  }
  context.textAlign = 'center'
  context.textBaseline = 'top'
  const step = Math.ceil(style.epochs / 10)
  for (let epoch = step; epoch <= style.epochs; epoch += step) {
    context.fillText(String(epoch), left + (width * epoch) / style.epochs, top + height + 8)
  }
}

interface Curve {
  readonly colour: string
  readonly width: number
  readonly points: readonly (readonly [x: number, y: number])[]
  readonly dots?: boolean
}

function drawCurve(
  context: CanvasRenderingContext2D,
  area: Area,
  { colour, width, points, dots = false }: Curve,
): void {
  const place = ([x, y]: readonly [number, number]): [number, number] => [
    area.left + x * area.width,
    area.top + (1 - y) * area.height,
  ]
  context.strokeStyle = colour
  context.fillStyle = colour
  context.lineWidth = width
  context.lineJoin = 'round'
  context.beginPath()
  for (const point of points) context.lineTo(...place(point))
  context.stroke()
  if (!dots) return
  for (const point of points) {
    context.beginPath()
    context.arc(...place(point), 3, 0, 2 * Math.PI)
    context.fill()
  }
}

/** A moving mean: single batches are noisy. */
function smooth(points: readonly BatchPoint[]): BatchPoint[] {
  let mean: number | undefined
  return points.map(({ share, loss }) => {
    mean = mean === undefined ? loss : 0.8 * mean + 0.2 * loss
    return { share, loss: mean }
  })
}

/** A canvas does not know light-dark(): the browser's own answer for a colour. */
function resolved(element: HTMLElement, colour: string): string {
  const before = element.style.color
  element.style.color = colour
  const found = getComputedStyle(element).color
  element.style.color = before
  return found
}
