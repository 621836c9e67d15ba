/** The surface that is drawn on: pointer and keyboard become strokes, strokes become ink. */
import { drawStroke, type Point, type Stroke } from './strokes.js'

export interface PadCallbacks {
  /** A stroke grew; `finished` once the pen is lifted. */
  readonly onInk: (finished: boolean) => void
  /** The drawing was emptied by a key. */
  readonly onClear: () => void
  readonly onUndo: () => void
}

/** How far an arrow key moves the pen, as a share of the side; with Shift, a third of it. */
const KEY_STEP = 0.045

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
}

export class Pad {
  readonly #canvas: HTMLCanvasElement
  readonly #cursor: HTMLElement
  readonly #callbacks: PadCallbacks
  readonly #resizes = new ResizeObserver(() => this.redraw())
  #strokes: Point[][] = []
  #picture: ImageBitmap | undefined
  #pointer: number | undefined
  #pen: Point = { x: 0.5, y: 0.3 }
  #penDown = false
  readonly #held = new Set<string>()
  #drawing: Point[] | undefined
  #scheduled = false
  disabled = false

  /** @param cursor Marks the place of the keyboard's pen. */
  constructor(canvas: HTMLCanvasElement, cursor: HTMLElement, callbacks: PadCallbacks) {
    this.#canvas = canvas
    this.#cursor = cursor
    this.#callbacks = callbacks
    canvas.addEventListener('pointerdown', (event) => this.#begin(event))
    canvas.addEventListener('pointermove', (event) => this.#move(event))
    for (const type of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(type, (event) => this.#end(event))
    canvas.addEventListener('keydown', (event) => this.#key(event))
    canvas.addEventListener('keyup', ({ key }) => this.#held.delete(key))
    canvas.addEventListener('blur', () => this.#liftPen())
  }

  connect(): void {
    this.#resizes.observe(this.#canvas)
  }

  disconnect(): void {
    this.#resizes.disconnect()
  }

  get strokes(): readonly Stroke[] {
    return this.#strokes
  }

  set strokes(strokes: readonly Stroke[]) {
    this.#strokes = strokes.map((stroke) => [...stroke])
    this.#drawing = undefined
    this.#picture = undefined
    this.redraw()
  }

  /** A picture in the place of a drawing. */
  set picture(picture: ImageBitmap) {
    this.strokes = []
    this.#picture = picture
    this.redraw()
  }

  get isEmpty(): boolean {
    return this.#strokes.length === 0 && this.#picture === undefined
  }

  redraw(): void {
    const { clientWidth } = this.#canvas
    const side = Math.max(1, Math.round(clientWidth * devicePixelRatio))
    if (this.#canvas.width !== side) {
      this.#canvas.width = side
      this.#canvas.height = side
    }
    const context = this.#context()
    context.clearRect(0, 0, side, side)
    if (this.#picture !== undefined) drawContained(context, this.#picture, side)
    context.strokeStyle = getComputedStyle(this.#canvas).color
    for (const stroke of this.#strokes) drawStroke(context, stroke, side)
    this.#placeCursor()
  }

  #context(): CanvasRenderingContext2D {
    const context = this.#canvas.getContext('2d')
    if (context === null) throw new Error('internal: expected a canvas of two dimensions, found none')
    return context
  }

  #begin(event: PointerEvent): void {
    // One finger draws; the other buttons of a mouse keep their meaning.
    if (this.disabled || this.#pointer !== undefined || event.button !== 0) return
    event.preventDefault()
    this.#canvas.focus({ preventScroll: true })
    this.#canvas.setPointerCapture(event.pointerId)
    this.#pointer = event.pointerId
    this.#startStroke(pointOf(event, this.#canvas.getBoundingClientRect()))
  }

  #move(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return
    const events = event.getCoalescedEvents?.() ?? []
    const box = this.#canvas.getBoundingClientRect()
    for (const each of events.length > 0 ? events : [event]) this.#drawing?.push(pointOf(each, box))
    this.#redrawWithFrame()
    this.#callbacks.onInk(false)
  }

  /** Moves may come many to a frame, and drawing asks for the layout, which each of them has changed. */
  #redrawWithFrame(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    requestAnimationFrame(() => {
      this.#scheduled = false
      this.redraw()
    })
  }

  #end(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return
    this.#pointer = undefined
    this.#drawing = undefined
    this.#callbacks.onInk(true)
  }

  #startStroke(point: Point): void {
    // What is drawn takes the place of a picture.
    this.#picture = undefined
    this.#drawing = [point]
    this.#strokes.push(this.#drawing)
    this.redraw()
    this.#callbacks.onInk(false)
  }

  #key(event: KeyboardEvent): void {
    if (this.disabled || event.altKey) return
    const { key } = event
    if ((event.ctrlKey || event.metaKey) && key === 'z') this.#callbacks.onUndo()
    else if (event.ctrlKey || event.metaKey) return
    else if (key in ARROWS) this.#steer(key, event.shiftKey)
    else if (key === ' ' || key === 'Enter') this.#togglePen(event.repeat)
    else if (key === 'Escape') this.#liftPen()
    else if (key === 'Backspace' || key === 'Delete') this.#callbacks.onClear()
    else return
    event.preventDefault()
  }

  /** Two arrows held together go aslant. */
  #steer(key: string, fine: boolean): void {
    this.#held.add(key)
    const length = fine ? KEY_STEP / 3 : KEY_STEP
    let { x, y } = this.#pen
    for (const arrow of this.#held) {
      x += (ARROWS[arrow]?.x ?? 0) * length
      y += (ARROWS[arrow]?.y ?? 0) * length
    }
    this.#pen = { x: Math.min(0.95, Math.max(0.05, x)), y: Math.min(0.95, Math.max(0.05, y)) }
    if (this.#penDown) {
      this.#drawing?.push(this.#pen)
      this.redraw()
      this.#callbacks.onInk(false)
    }
    this.#placeCursor()
  }

  #togglePen(repeated: boolean): void {
    if (repeated) return
    if (this.#penDown) this.#liftPen()
    else {
      this.#penDown = true
      this.#startStroke(this.#pen)
      this.#placeCursor()
    }
  }

  #liftPen(): void {
    this.#held.clear()
    if (!this.#penDown) return
    this.#penDown = false
    this.#drawing = undefined
    this.#placeCursor()
    this.#callbacks.onInk(true)
  }

  #placeCursor(): void {
    this.#cursor.style.setProperty('--x', `${this.#pen.x * 100}%`)
    this.#cursor.style.setProperty('--y', `${this.#pen.y * 100}%`)
    this.#cursor.toggleAttribute('data-down', this.#penDown)
  }
}

function pointOf({ clientX, clientY }: PointerEvent, { left, top, width, height }: DOMRect): Point {
  return { x: (clientX - left) / width, y: (clientY - top) / height }
}

function drawContained(context: CanvasRenderingContext2D, picture: ImageBitmap, side: number): void {
  const scale = Math.min(side / picture.width, side / picture.height)
  const [width, height] = [picture.width * scale, picture.height * scale]
  context.drawImage(picture, (side - width) / 2, (side - height) / 2, width, height)
}
