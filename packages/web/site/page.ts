/** The page's elements, by their ids. */

/** @throws Error where the page has no such element: page and script do not belong together. */
export function byId<K extends keyof HTMLElementTagNameMap>(id: string, tag: K): HTMLElementTagNameMap[K] {
  const element = document.getElementById(id)
  if (element?.localName !== tag) throw new Error(`internal: the page has no <${tag} id="${id}">`)
  return element as HTMLElementTagNameMap[K]
}

/** Offers bytes as a file to save. */
export function saveFile(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes.slice()], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has begun by then, and holds the bytes itself.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Shows a line of text, as a problem or not. */
export function say(element: HTMLElement, text: string, isProblem = false): void {
  element.textContent = text
  element.toggleAttribute('data-problem', isProblem)
}

/** Pixels, [height × width] of 0…255, as a canvas of that size. */
export function pixelCanvas(pixels: ArrayLike<number>, width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  paintPixels(canvas, pixels)
  return canvas
}

/** Puts other pixels of the same number into a canvas. */
export function paintPixels(canvas: HTMLCanvasElement, pixels: ArrayLike<number>): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const image = context.createImageData(canvas.width, canvas.height)
  const grey = new Uint32Array(image.data.buffer)
  // ABGR in the bytes' order, which is little-endian wherever browsers run.
  for (let index = 0; index < pixels.length; index++)
    grey[index] = 0xff000000 | (Math.round(pixels[index] as number) * 0x010101)
  context.putImageData(image, 0, 0)
}
