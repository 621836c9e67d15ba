/**
 * `<mnist-digit>`: a pad to draw a digit on, and what a network reads in it.
 *
 * | attribute  | property   | meaning |
 * |------------|------------|---------|
 * | `model`    | `model`    | URL of an .onnx file; the property also takes its bytes. Default: the one beside the script |
 * | `provider` | `provider` | `wasm` (default) or `webgpu` |
 * | `threads`  |            | how many; by default one, and one a core for large networks where the page is cross-origin isolated |
 * | `name`, `required`, `disabled` | | as of any form control; the value is the digit |
 *
 * Events: `ready` (ReadyDetail), `prediction` (PredictionDetail), `error` (ErrorDetail), all of them CustomEvents that do not
 * bubble. Methods: `clear()`, `undo()`, `read(picture)`. Further properties: `value`, `reading`, `strokes`, `reader`.
 */
import { type Problem, problemReport } from '../problem.js'
import { DEFAULT_MODEL_URL, type DigitReader, openReader } from '../reader.js'
import { type PictureSource, readPicture } from '../runtime/picture.js'
import type { ModelSource, Progress, Reading, RgbaPicture, WebProvider } from '../runtime/protocol.js'
import { buildMarkup, type Markup } from './markup.js'
import { Pad } from './pad.js'
import { listenForPictures } from './picture-input.js'
import { showReading, spoken } from './result-view.js'
import { type Stroke, strokesPicture } from './strokes.js'
import { styles } from './styles.js'

export interface ReadyDetail {
  /** What runs: `WebAssembly, 4 threads`; where it is one, with the reason. */
  readonly runtime: string
  /** From the model's own metadata: `mnist.network`, `mnist.test_accuracy`, … */
  readonly metadata: Readonly<Record<string, string>>
}

/** A digit, or null where there is none and why; `probabilities` [10]; `seen` [28 × 28]; `milliseconds` that it took. */
export type PredictionDetail = Reading

export interface ErrorDetail {
  readonly problem: Problem
  readonly message: string
  /** Whether nothing can be read; else the element goes on without what is missing. */
  readonly fatal: boolean
}

interface Source {
  readonly model: ModelSource
  readonly provider: WebProvider
  readonly threads: number | undefined
}

interface Waiting {
  readonly picture: RgbaPicture
  readonly lightOnDark: boolean | undefined
  /** The pen is lifted: worth announcing. */
  readonly finished: boolean
}

/**
 * Milliseconds between two readings of a stroke that grows. The bars glide from one to the next for longer than that, and reading with
 * every frame takes from a slow machine the time to draw.
 */
const READ_EVERY = 100

export class MnistDigitElement extends HTMLElement {
  static readonly formAssociated = true
  static readonly observedAttributes = ['model', 'provider', 'threads']

  readonly #internals = this.attachInternals()
  readonly #markup: Markup = buildMarkup()
  readonly #pad: Pad
  #modelBytes: Uint8Array | undefined
  #reader: DigitReader | undefined
  #reading: Reading | undefined
  /** Counts openings: an answer of an earlier one is of no interest. */
  #opening = 0
  /** What is open or about to be: asking for the same again changes nothing. */
  #source: Source | undefined
  /** What is to be read next, while something is being read; only the newest counts. */
  #waiting: Waiting | undefined
  #busy = false
  #soon: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    const shadow = this.attachShadow({ mode: 'open', delegatesFocus: true })
    shadow.adoptedStyleSheets = [styles()]
    const { root, canvas, cursor, undo, clear, picture, file, retry } = this.#markup
    shadow.append(root)
    this.#pad = new Pad(canvas, cursor, {
      onInk: (finished) => this.#inked(finished),
      onClear: () => this.clear(),
      onUndo: () => this.undo(),
    })
    undo.addEventListener('click', () => this.undo())
    clear.addEventListener('click', () => this.clear())
    retry.addEventListener('click', () => void this.#open())
    const target = root.querySelector<HTMLElement>('.pad') as HTMLElement
    listenForPictures({ target, pasteTarget: this, button: picture, file }, (chosen) => void this.#take(chosen))
    showReading(this.#markup, undefined)
    this.#showTools()
  }

  connectedCallback(): void {
    this.#pad.connect()
    this.#setValidity()
    void this.#open()
  }

  disconnectedCallback(): void {
    this.#forgetSoon()
    this.#pad.disconnect()
    this.#close()
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (this.isConnected && before !== after) void this.#open()
  }

  formResetCallback(): void {
    this.clear()
  }

  formDisabledCallback(disabled: boolean): void {
    this.#pad.disabled = disabled
    this.#markup.canvas.tabIndex = disabled ? -1 : 0
    this.#showTools()
  }

  get model(): ModelSource | null {
    return this.#modelBytes ?? this.getAttribute('model')
  }

  set model(model: ModelSource | null) {
    this.#modelBytes = model instanceof Uint8Array ? model : undefined
    if (typeof model === 'string') this.setAttribute('model', model)
    else this.removeAttribute('model')
    if (this.isConnected) void this.#open()
  }

  get provider(): WebProvider {
    return this.getAttribute('provider') === 'webgpu' ? 'webgpu' : 'wasm'
  }

  set provider(provider: WebProvider) {
    this.setAttribute('provider', provider)
  }

  /** The digit that was read; '' where there is none. */
  get value(): string {
    const digit = this.#reading?.digit ?? null
    return digit === null ? '' : String(digit)
  }

  get form(): HTMLFormElement | null {
    return this.#internals.form
  }

  get name(): string {
    return this.getAttribute('name') ?? ''
  }

  get reading(): Reading | undefined {
    return this.#reading
  }

  /** The open model; undefined while it loads. */
  get reader(): DigitReader | undefined {
    return this.#reader
  }

  /** What is drawn: lines of points in a square of side 1. Setting it draws and reads. */
  get strokes(): readonly Stroke[] {
    return this.#pad.strokes
  }

  set strokes(strokes: readonly Stroke[]) {
    this.#pad.strokes = strokes
    this.#inked(true)
  }

  clear(): void {
    this.#forgetSoon()
    this.#pad.strokes = []
    this.#waiting = undefined
    this.#show(undefined)
    this.#markup.announcement.textContent = 'Cleared'
  }

  undo(): void {
    this.#pad.strokes = this.#pad.strokes.slice(0, -1)
    this.#inked(true)
  }

  /** Shows a picture in place of a drawing, and reads it. */
  async read(picture: PictureSource): Promise<void> {
    const rgba = await readPicture(picture)
    this.#forgetSoon()
    const shown = new ImageData(rgba.rgba as Uint8ClampedArray<ArrayBuffer>, rgba.width, rgba.height)
    this.#pad.picture = await createImageBitmap(shown)
    this.#showTools()
    this.#request({ picture: rgba, lightOnDark: undefined, finished: true })
  }

  async #take(file: File): Promise<void> {
    if (this.#pad.disabled) return
    try {
      await this.read(file)
    } catch (error) {
      this.#report(error, false)
    }
  }

  #inked(finished: boolean): void {
    this.#showTools()
    if (finished || this.#pad.isEmpty) this.#forgetSoon()
    if (this.#pad.isEmpty) {
      this.#waiting = undefined
      this.#show(undefined)
      return
    }
    if (finished) this.#readStrokes(true)
    else
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined
        this.#readStrokes(false)
      }, READ_EVERY)
  }

  #forgetSoon(): void {
    clearTimeout(this.#soon)
    this.#soon = undefined
  }

  #readStrokes(finished: boolean): void {
    const { width, height, data } = strokesPicture(this.#pad.strokes)
    this.#request({ picture: { width, height, rgba: data }, lightOnDark: true, finished })
  }

  /** Reads, or lets it wait for the reading under way; what waited before is forgotten. */
  #request(waiting: Waiting): void {
    this.#waiting = waiting
    if (!this.#busy) void this.#readWaiting()
  }

  async #readWaiting(): Promise<void> {
    const reader = this.#reader
    if (reader === undefined) return
    this.#busy = true
    try {
      while (this.#waiting !== undefined && this.#reader === reader) {
        const { picture, lightOnDark, finished } = this.#waiting
        this.#waiting = undefined
        const reading = await reader.classify(picture, lightOnDark === undefined ? {} : { lightOnDark })
        if (this.#reader !== reader || this.#pad.isEmpty) continue
        this.#show(reading)
        if (finished) this.#markup.announcement.textContent = spoken(reading)
        this.dispatchEvent(new CustomEvent<PredictionDetail>('prediction', { detail: reading }))
      }
    } catch (error) {
      if (this.#reader === reader) this.#report(error, false)
    } finally {
      this.#busy = false
    }
    if (this.#waiting !== undefined) void this.#readWaiting()
  }

  #show(reading: Reading | undefined): void {
    this.#reading = reading
    showReading(this.#markup, reading)
    this.#internals.setFormValue(this.value === '' ? null : this.value)
    this.#setValidity()
    this.#showTools()
  }

  #setValidity(): void {
    const missing = this.hasAttribute('required') && this.value === ''
    if (missing) this.#internals.setValidity({ valueMissing: true }, 'Draw a digit.', this.#markup.canvas)
    else this.#internals.setValidity({})
  }

  #showTools(): void {
    const { undo, clear, picture, root } = this.#markup
    undo.disabled = this.#pad.disabled || this.#pad.strokes.length === 0
    clear.disabled = this.#pad.disabled || this.#pad.isEmpty
    picture.disabled = this.#pad.disabled
    root.querySelector('.pad')?.toggleAttribute('data-inked', !this.#pad.isEmpty)
  }

  #wanted(): Source {
    const threads = Number(this.getAttribute('threads'))
    return {
      model: this.#modelBytes ?? new URL(this.getAttribute('model') ?? DEFAULT_MODEL_URL, document.baseURI).href,
      provider: this.provider,
      threads: Number.isInteger(threads) && threads > 0 ? threads : undefined,
    }
  }

  async #open(): Promise<void> {
    const { model, provider, threads } = this.#wanted()
    const { model: now, provider: by, threads: on } = this.#source ?? {}
    if (model === now && provider === by && threads === on) return
    this.#close()
    this.#source = { model, provider, threads }
    const opening = ++this.#opening
    this.#showProgress(undefined)
    try {
      const reader = await openReader({
        model,
        provider,
        ...(threads === undefined ? {} : { threads }),
        onProgress: (progress) => {
          if (opening === this.#opening) this.#showProgress(progress)
        },
      })
      if (opening === this.#opening) this.#opened(reader)
      else await reader.close()
    } catch (error) {
      if (opening !== this.#opening) return
      this.#source = undefined
      this.#report(error, true)
    }
  }

  #opened(reader: DigitReader): void {
    const { report, metadata } = reader.info
    this.#reader = reader
    this.#setStatus(report.description, false)
    for (const { problem, message } of report.notices) this.#tell({ problem, message, fatal: false })
    this.dispatchEvent(new CustomEvent<ReadyDetail>('ready', { detail: { runtime: report.description, metadata } }))
    if (this.#waiting !== undefined) void this.#readWaiting()
    else if (this.#pad.strokes.length > 0) this.#readStrokes(true)
  }

  #close(): void {
    this.#opening++
    this.#source = undefined
    void this.#reader?.close()
    this.#reader = undefined
  }

  #showProgress(progress: Progress | undefined): void {
    const { progress: meter } = this.#markup
    meter.hidden = false
    if (progress?.type !== 'download') {
      meter.removeAttribute('value')
      this.#setStatus('Loading the network', false, true)
      return
    }
    const { what, loaded, total } = progress
    if (total > 0) meter.value = loaded / total
    else meter.removeAttribute('value')
    const size = `${(loaded / 1e6).toFixed(1)}${total > 0 ? ` of ${(total / 1e6).toFixed(1)}` : ''} MB`
    this.#setStatus(`Loading the ${what === 'runtime' ? 'runtime' : 'network'}, ${size}`, false, true)
  }

  #report(error: unknown, fatal: boolean): void {
    this.#tell({ ...problemReport(error), fatal })
  }

  #tell(detail: ErrorDetail): void {
    this.#setStatus(detail.message, true)
    this.#markup.retry.hidden = !detail.fatal
    this.#markup.announcement.textContent = detail.message
    this.dispatchEvent(new CustomEvent<ErrorDetail>('error', { detail }))
  }

  #setStatus(text: string, isProblem: boolean, loading = false): void {
    const { status, progress, retry } = this.#markup
    status.textContent = text
    status.toggleAttribute('data-problem', isProblem)
    progress.hidden = !loading
    retry.hidden = true
  }
}
