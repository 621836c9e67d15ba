/** Teaching the network one hand: examples from the pad, the training, and what is kept of it. */
import { type Example, type MnistDigitElement, teach } from 'mnist-digit'
import { byId, pixelCanvas, saveFile, say } from '../page.js'
import { forgetModel, keepModel, keptModel } from './kept-model.js'

const SIDE = 28

export class TeachPanel {
  readonly #pad = byId('teach-pad', 'mnist-digit') as MnistDigitElement
  readonly #list = byId('teach-examples', 'ul')
  readonly #empty = byId('teach-empty', 'p')
  readonly #start = byId('teach-start', 'button')
  readonly #save = byId('teach-save', 'button')
  readonly #forget = byId('teach-forget', 'button')
  readonly #progress = byId('teach-progress', 'progress')
  readonly #status = byId('teach-status', 'p')
  #examples: readonly Example[] = []
  #taught: Uint8Array | undefined
  #network: { name: string; url: string } | undefined
  #busy = false

  constructor() {
    const labels = byId('teach-labels', 'fieldset')
    for (let digit = 0; digit < 10; digit++) {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = String(digit)
      button.addEventListener('click', () => this.#add(digit))
      labels.append(button)
    }
    this.#start.addEventListener('click', () => void this.#teach())
    this.#save.addEventListener('click', () => {
      if (this.#taught !== undefined) saveFile(`${this.#network?.name ?? 'network'}-taught.onnx`, this.#taught)
    })
    this.#forget.addEventListener('click', () => void this.#forgetAll())
  }

  /** The network that is taught from now on; one that was taught before and kept takes its place. */
  async use(network: { name: string; url: string }): Promise<void> {
    this.#network = network
    this.#taught = undefined
    const kept = await keptModel().catch((error: unknown) => void say(this.#status, this.#storageProblem(error), true))
    if (kept?.network === network.name) {
      this.#taught = kept.model
      this.#examples = kept.examples
      say(this.#status, `Your ${network.name} of last time, taught with ${kept.examples.length} examples.`)
    }
    this.#pad.model = this.#taught ?? network.url
    this.#show()
  }

  #add(label: number): void {
    const seen = this.#pad.reading?.seen
    if (seen === null || seen === undefined) {
      say(this.#status, 'Draw a digit on the pad first.', true)
      return
    }
    this.#examples = [...this.#examples, { pixels: seen, label }]
    this.#pad.clear()
    say(this.#status, '')
    this.#show()
  }

  async #teach(): Promise<void> {
    const network = this.#network
    if (network === undefined) return
    this.#busy = true
    this.#show()
    say(this.#status, 'Learning.')
    try {
      const response = await fetch(network.url)
      const original = new Uint8Array(await response.arrayBuffer())
      const result = await teach(original, this.#examples, {
        onProgress: (progress) => {
          if (progress.type === 'batch') this.#progress.value = progress.share
        },
      })
      this.#taught = result.model
      this.#pad.model = result.model
      const { examples, others } = result
      // Kept before it is told of: a page that is left then has it.
      const problem = await keepModel({ network: network.name, model: result.model, examples: this.#examples }).then(
        () => '',
        (error: unknown) => ` ${this.#storageProblem(error)}`,
      )
      say(
        this.#status,
        `Your examples: ${examples.before} of ${examples.total} read right before, ${examples.after} now. ` +
          `Other digits: ${percent(others.before)} before, ${percent(others.after)} now.${problem}`,
      )
    } catch (error) {
      say(this.#status, error instanceof Error ? error.message : String(error), true)
    } finally {
      this.#busy = false
      this.#show()
    }
  }

  /** The line for the visitor; tells the page's scripts too. */
  #storageProblem(error: unknown): string {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `Storage: expected to keep what is taught in this browser, found: ${reason}: download it instead.`
    const detail = { problem: 'no-storage', message, fatal: false }
    this.#pad.dispatchEvent(new CustomEvent('error', { detail }))
    return message
  }

  async #forgetAll(): Promise<void> {
    await forgetModel().catch(() => undefined)
    this.#examples = []
    this.#taught = undefined
    if (this.#network !== undefined) this.#pad.model = this.#network.url
    say(this.#status, 'Forgotten.')
    this.#show()
  }

  #show(): void {
    const none = this.#examples.length === 0
    this.#empty.hidden = !none
    this.#start.disabled = none || this.#busy
    this.#save.disabled = this.#taught === undefined || this.#busy
    this.#forget.disabled = (none && this.#taught === undefined) || this.#busy
    this.#progress.hidden = !this.#busy
    this.#list.replaceChildren(...this.#examples.map((example) => this.#item(example)))
  }

  #item(example: Example): HTMLLIElement {
    const item = document.createElement('li')
    const button = document.createElement('button')
    button.type = 'button'
    button.title = 'Remove'
    button.setAttribute('aria-label', `Remove this example of ${example.label}`)
    button.append(pixelCanvas(example.pixels, SIDE, SIDE), String(example.label))
    button.addEventListener('click', () => {
      this.#examples = this.#examples.filter((each) => each !== example)
      this.#show()
    })
    item.append(button)
    return item
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
