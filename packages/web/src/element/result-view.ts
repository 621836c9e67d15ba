/** Shows an answer: the digit, how certain it is, the bars, what the network saw. */
import type { Reading } from '../runtime/protocol.js'
import type { Markup } from './markup.js'

/** Below this the answer is shown as a guess. */
const UNSURE = 0.6

const SIDE = 28

export function showReading(markup: Markup, reading: Reading | undefined): void {
  const { digit, probabilities, seen } = reading ?? NOTHING
  const probability = digit === null ? 0 : (probabilities[digit] as number)
  setText(markup.digit, digit === null ? '' : String(digit))
  markup.digit.toggleAttribute('data-unsure', probability < UNSURE)
  setText(markup.certainty, digit === null ? (reading?.reason ?? '') : `${percent(probability)} sure`)
  for (const [index, row] of markup.bars.entries()) showBar(row, probabilities[index] as number, index === digit)
  showSeen(markup.seen, seen)
}

const NOTHING: Reading = {
  digit: null,
  reason: undefined,
  probabilities: new Float32Array(10),
  seen: null,
  milliseconds: 0,
}

function showBar(row: HTMLElement, probability: number, best: boolean): void {
  row.style.setProperty('--share', probability.toFixed(4))
  row.toggleAttribute('data-best', best)
  setText(row.lastElementChild as HTMLElement, percent(probability))
}

/** The same text anew would be laid out anew: with every reading, in ten rows. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

function showSeen(canvas: HTMLCanvasElement, seen: Uint8Array | null): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  if (seen === null) {
    context.clearRect(0, 0, SIDE, SIDE)
    return
  }
  const image = context.createImageData(SIDE, SIDE)
  const grey = new Uint32Array(image.data.buffer)
  // ABGR in the bytes' order, which is little-endian wherever browsers run.
  for (const [index, value] of seen.entries()) grey[index] = 0xff000000 | (value * 0x010101)
  context.putImageData(image, 0, 0)
}

/** What a screen reader says: once the pen is lifted, not with every move. */
export function spoken({ digit, reason, probabilities }: Reading): string {
  if (digit === null) return `No digit: ${reason ?? 'nothing is drawn'}`
  const probability = probabilities[digit] as number
  const second = Array.from(probabilities, (share, index) => ({ share, index }))
    .filter(({ index }) => index !== digit)
    .reduce((best, each) => (each.share > best.share ? each : best))
  const doubt = probability < UNSURE ? `, or perhaps ${second.index}` : ''
  return `${digit}, ${percent(probability)} sure${doubt}`
}

/** Never rounded up to certainty: 99.97 % is not 100 %. */
export function percent(share: number): string {
  if (share > 0.99 && share < 1) return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
}
