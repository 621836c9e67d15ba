/** A drawing as what the hand did: lines of points, in a square of side 1. */

export interface Point {
  /** 0 left … 1 right */
  readonly x: number
  /** 0 top … 1 bottom */
  readonly y: number
}

export type Stroke = readonly Point[]

/** Thickness of a line, as a share of the pad's side. */
export const PEN_WIDTH = 0.075

/** Draws a stroke into a square of `side` pixels, in the context's own colour. */
export function drawStroke(context: CanvasRenderingContext2D, stroke: Stroke, side: number): void {
  const [first] = stroke
  if (first === undefined) return
  context.lineWidth = PEN_WIDTH * side
  context.lineCap = 'round'
  context.lineJoin = 'round'
  context.beginPath()
  context.moveTo(first.x * side, first.y * side)
  // Through the middles of the segments, each corner a control point: no kinks where the events are far apart.
  for (let index = 1; index < stroke.length - 1; index++) {
    const [corner, next] = [stroke[index] as Point, stroke[index + 1] as Point]
    context.quadraticCurveTo(
      corner.x * side,
      corner.y * side,
      ((corner.x + next.x) / 2) * side,
      ((corner.y + next.y) / 2) * side,
    )
  }
  const last = stroke.at(-1) as Point
  // A dot is a line of no length, which a round cap makes visible.
  context.lineTo(last.x * side, last.y * side)
  context.stroke()
}

/** Side of the picture that is read, in pixels: the least that framing works at, and five times what the network sees. */
const READ_SIDE = 128

let reading: CanvasRenderingContext2D | undefined

/** The drawing as white ink on black, for reading. One canvas serves all elements. */
export function strokesPicture(strokes: readonly Stroke[]): ImageData {
  reading ??= readingContext()
  reading.fillStyle = '#000'
  reading.fillRect(0, 0, READ_SIDE, READ_SIDE)
  reading.strokeStyle = '#fff'
  for (const stroke of strokes) drawStroke(reading, stroke, READ_SIDE)
  return reading.getImageData(0, 0, READ_SIDE, READ_SIDE)
}

function readingContext(): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas')
  canvas.width = READ_SIDE
  canvas.height = READ_SIDE
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) throw new Error('internal: expected a canvas of two dimensions, found none')
  return context
}
