/** A small grey picture as lines of text: half blocks in 24-bit grey where the terminal has that, letters elsewhere. */
import type { GreyPicture } from '../image/picture.js'

/** From paper to full ink. */
const SHADES = ' .:-=+*#%@'

/**
 * Two rows of pixels a line, so that a 28×28 picture is 28 columns by 14 lines and about square.
 *
 * @param colour Whether the terminal shows 24-bit colours.
 */
export function terminalPicture(picture: GreyPicture, { colour }: { colour: boolean }): string {
  const lines: string[] = []
  for (let y = 0; y < picture.height; y += 2) lines.push(colour ? colourLine(picture, y) : shadeLine(picture, y))
  return lines.join('\n')
}

/** Whether a stream shows 24-bit colours. Node's own rules: a terminal, its name, COLORTERM, NO_COLOR. */
export function hasFullColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.getColorDepth() === 24
}

/** The upper half block in the upper pixel's colour, on the lower one's. */
function colourLine(picture: GreyPicture, y: number): string {
  let line = ''
  let last = ''
  for (let x = 0; x < picture.width; x++) {
    const [upper, lower] = pair(picture, x, y)
    const code = `\u001b[38;2;${upper};${upper};${upper};48;2;${lower};${lower};${lower}m`
    line += `${code === last ? '' : code}▀`
    last = code
  }
  return `${line}\u001b[0m`
}

function shadeLine(picture: GreyPicture, y: number): string {
  let line = ''
  for (let x = 0; x < picture.width; x++) {
    const [upper, lower] = pair(picture, x, y)
    line += SHADES[Math.round(((upper + lower) / 2 / 255) * (SHADES.length - 1))]
  }
  return line.trimEnd()
}

function pair({ width, height, pixels }: GreyPicture, x: number, y: number): [number, number] {
  const upper = pixels[y * width + x] as number
  return [upper, y + 1 < height ? (pixels[(y + 1) * width + x] as number) : 0]
}
