/** What a smoke test needs of a browser that Playwright does not drive as it comes from the distribution. */

export interface DrawnPage {
  /** Loads a page, to its `load` event. */
  goto(url: string): Promise<void>
  /** The value of an expression in the page, awaited, through JSON. */
  evaluate<T>(expression: string): Promise<T>
  /** Draws with the mouse: presses at the first point, moves through the others, lets go at the last. In CSS pixels of the window. */
  draw(points: readonly (readonly [x: number, y: number])[]): Promise<void>
  close(): Promise<void>
}

/** The same in WebDriver and in WebDriver BiDi (W3C, "WebDriver", section 15, actions): one mouse. */
export function drawingActions(points: readonly (readonly [x: number, y: number])[]): unknown {
  const [first, ...rest] = points
  const move = ([x, y] = [0, 0] as readonly [number, number], duration = 0) => ({
    type: 'pointerMove',
    x: Math.round(x),
    y: Math.round(y),
    duration,
  })
  const actions = [
    move(first),
    { type: 'pointerDown', button: 0 },
    ...rest.map((point) => move(point, 40)),
    { type: 'pointerUp', button: 0 },
  ]
  return [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }]
}
