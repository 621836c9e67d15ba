/** What is inside of the element, and the parts of it that change. */

const ICONS = {
  undo: 'M9 7H16a5 5 0 0 1 0 10H9M9 7l3.5-3.5M9 7l3.5 3.5',
  clear: 'M6 6l12 12M18 6L6 18',
  picture:
    'M4 17.5V6.5A1.5 1.5 0 0 1 5.500 5h13A1.500 1.500 0 0 1 20 6.500v11M4 17.500A1.500 1.500 0 0 0 5.500 19h13a1.500 1.500 0 0 0 1.500-1.500M4 16.500l4.500-4.500 4 4 3-3 4.500 4.500M15.500 9.200h.01',
} as const

export interface Markup {
  readonly root: HTMLElement
  readonly canvas: HTMLCanvasElement
  readonly cursor: HTMLElement
  readonly undo: HTMLButtonElement
  readonly clear: HTMLButtonElement
  readonly picture: HTMLButtonElement
  readonly file: HTMLInputElement
  readonly digit: HTMLElement
  readonly certainty: HTMLElement
  readonly announcement: HTMLElement
  readonly bars: readonly HTMLElement[]
  readonly seen: HTMLCanvasElement
  readonly progress: HTMLProgressElement
  readonly status: HTMLElement
  readonly retry: HTMLButtonElement
}

const INSTRUCTIONS =
  'Arrow keys move the pen, Space lowers and lifts it, Backspace clears, Control Z takes back. ' +
  'A picture can be pasted, dropped or chosen.'

export function buildMarkup(): Markup {
  const canvas = create('canvas', { part: 'canvas', tabIndex: 0 })
  // A canvas of its own keys: screen readers must pass them on.
  canvas.setAttribute('role', 'application')
  canvas.setAttribute('aria-label', 'Drawing pad: draw one digit')
  canvas.setAttribute('aria-describedby', 'instructions')
  const instructions = create('p', { id: 'instructions', className: 'hidden', textContent: INSTRUCTIONS })
  const hint = create('p', { part: 'hint', className: 'hint', textContent: 'Draw a digit' })
  hint.setAttribute('aria-hidden', 'true')
  const cursor = create('span', { className: 'cursor' })
  const pad = create('div', { part: 'pad', className: 'pad' }, [canvas, hint, cursor, instructions])

  const undo = iconButton('undo', 'Undo')
  const clear = iconButton('clear', 'Clear')
  const picture = iconButton('picture', 'Choose a picture')
  const file = create('input', { type: 'file', accept: 'image/*', hidden: true })
  const toolbar = create('div', { part: 'toolbar', className: 'toolbar' }, [undo, clear, picture, file])
  toolbar.setAttribute('role', 'group')
  toolbar.setAttribute('aria-label', 'Drawing')

  const digit = create('span', { part: 'digit', className: 'digit' })
  const certainty = create('span', { part: 'certainty', className: 'certainty' })
  const answer = create('div', { part: 'answer', className: 'answer' }, [digit, certainty])
  answer.setAttribute('aria-hidden', 'true')
  const announcement = create('p', { className: 'hidden' })
  announcement.setAttribute('role', 'status')

  const bars = Array.from({ length: 10 }, (_, index) => bar(index))
  const list = create('ol', { part: 'bars', className: 'bars' }, bars)
  list.setAttribute('aria-label', 'How likely each digit is')

  const seen = create('canvas', { part: 'seen', width: 28, height: 28 })
  seen.setAttribute('role', 'img')
  seen.setAttribute('aria-label', 'What the network saw, 28 by 28 pixels')
  const figure = create('figure', { className: 'seen' }, [
    seen,
    create('figcaption', { textContent: 'What the network saw' }),
  ])

  const progress = create('progress', { part: 'progress', max: 1, hidden: true })
  progress.setAttribute('aria-label', 'Loading')
  const status = create('p', { part: 'status', className: 'status' })
  const retry = create('button', { type: 'button', className: 'retry', textContent: 'Try again', hidden: true })
  const notice = create('div', { className: 'notice' }, [status, progress, retry])

  const drawing = create('div', { className: 'drawing' }, [pad, toolbar])
  const head = create('div', { className: 'head' }, [answer, figure])
  const result = create('div', { part: 'result', className: 'result' }, [head, list, notice, announcement])
  const root = create('div', { part: 'base', className: 'base' }, [drawing, result])
  return {
    root,
    canvas,
    cursor,
    undo,
    clear,
    picture,
    file,
    digit,
    certainty,
    announcement,
    bars,
    seen,
    progress,
    status,
    retry,
  }
}

function bar(index: number): HTMLElement {
  const track = create('span', { className: 'track' }, [create('span', { part: 'bar', className: 'fill' })])
  const share = create('span', { className: 'share' })
  return create('li', { part: 'row' }, [
    create('span', { className: 'label', textContent: String(index) }),
    track,
    share,
  ])
}

function iconButton(icon: keyof typeof ICONS, label: string): HTMLButtonElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  path.setAttribute('d', ICONS[icon])
  svg.append(path)
  const button = create('button', { type: 'button', part: 'button', title: label }, [svg])
  button.setAttribute('aria-label', label)
  return button
}

type Properties<K extends keyof HTMLElementTagNameMap> = Omit<Partial<HTMLElementTagNameMap[K]>, 'part'> & {
  part?: string
}

function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { part, ...properties }: Properties<K>,
  children: readonly Node[] = [],
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  Object.assign(element, properties)
  if (part !== undefined) element.setAttribute('part', part)
  element.append(...children)
  return element
}
