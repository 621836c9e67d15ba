/** Training from nothing, in the page. */
import { type EpochReport, type RunningTraining, type TrainingData, type TrainProgress, train } from 'mnist-digit'
import { byId, saveFile, say } from '../page.js'
import { Chart } from './chart.js'
import { readDataset } from './idx-files.js'

/** As `mnist-train` has them; Adam's are for the impatient. */
const RECIPES = {
  adam: { optimizer: 'adam', batchSize: 64, learningRate: 3e-3 },
  sgd: { optimizer: 'sgd', batchSize: 256, learningRate: 0.9 },
} as const

/** Test digits for each training digit. */
const TEST_SHARE = 1 / 6

export interface TrainPanelCallbacks {
  /** The file of the chosen network. */
  readonly network: () => { readonly name: string; readonly url: string } | undefined
  readonly onUse: (model: Uint8Array) => void
}

export class TrainPanel {
  readonly #callbacks: TrainPanelCallbacks
  readonly #chart = new Chart(byId('train-curves', 'canvas'))
  readonly #panel = byId('train-panel', 'div')
  readonly #data = byId('train-data', 'select')
  readonly #start = byId('train-start', 'button')
  readonly #pause = byId('train-pause', 'button')
  readonly #stop = byId('train-stop', 'button')
  readonly #use = byId('train-use', 'button')
  readonly #save = byId('train-save', 'button')
  readonly #progress = byId('train-progress', 'progress')
  readonly #status = byId('train-status', 'p')
  #training: RunningTraining | undefined
  #name = 'network'
  #paused = false
  #running = false
  #given: Extract<TrainingData, { kind: 'given' }> | undefined

  constructor(callbacks: TrainPanelCallbacks) {
    this.#callbacks = callbacks
    byId('train-form', 'form').addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#train()
    })
    this.#pause.addEventListener('click', () => void this.#togglePause())
    this.#stop.addEventListener('click', () => void this.#training?.stop())
    this.#save.addEventListener(
      'click',
      () => void this.#withModel((model) => saveFile(`${this.#name}-trained.onnx`, model)),
    )
    this.#use.addEventListener('click', () => void this.#withModel(callbacks.onUse))
    this.#listenForDrops()
  }

  async #train(): Promise<void> {
    const network = this.#callbacks.network()
    if (network === undefined) return
    this.#training?.close()
    const epochs = byId('train-epochs', 'input').valueAsNumber
    const recipe = RECIPES[byId('train-recipe', 'select').value as keyof typeof RECIPES]
    this.#name = network.name
    this.#chart.reset(epochs)
    this.#setRunning(true)
    say(this.#status, 'Loading the network.')
    try {
      const model = new Uint8Array(await (await fetch(network.url)).arrayBuffer())
      const params = { model, data: this.#dataOf(), epochs, seed: 1, ...recipe }
      this.#training = train(params, (progress) => this.#show(progress, epochs))
      const reports = await this.#training.finished
      this.#progress.value = 1
      say(this.#status, summary(reports, epochs))
    } catch (error) {
      say(this.#status, error instanceof Error ? error.message : String(error), true)
    } finally {
      this.#setRunning(false)
    }
  }

  #dataOf(): TrainingData {
    if (this.#given !== undefined && this.#data.value === 'given') return this.#given
    const count = Number(this.#data.value)
    return { kind: 'generated', train: count, test: Math.round((count * TEST_SHARE) / 100) * 100 }
  }

  #show(progress: TrainProgress, epochs: number): void {
    if (progress.type === 'data') {
      this.#progress.value = progress.done / progress.total
      say(
        this.#status,
        `Writing digits, ${progress.done.toLocaleString('en-US')} of ${progress.total.toLocaleString('en-US')}.`,
      )
    } else if (progress.type === 'batch') {
      this.#progress.value = progress.share
      this.#chart.addBatch(progress)
      const speed = Math.round(progress.imagesPerSecond).toLocaleString('en-US')
      say(
        this.#status,
        `Epoch ${progress.epoch} of ${epochs}, loss ${progress.loss.toFixed(3)}, ${speed} digits a second.`,
      )
    } else {
      const { report } = progress
      this.#chart.addEpoch({ ...report, share: report.epoch / epochs })
      this.#use.disabled = false
      this.#save.disabled = false
    }
  }

  async #togglePause(): Promise<void> {
    this.#paused = !this.#paused
    this.#pause.textContent = this.#paused ? 'Resume' : 'Pause'
    await (this.#paused ? this.#training?.pause() : this.#training?.resume())
    if (this.#paused) say(this.#status, 'Paused.')
  }

  async #withModel(take: (model: Uint8Array) => void): Promise<void> {
    try {
      const model = await this.#training?.model()
      if (model !== undefined) take(model)
    } catch (error) {
      say(this.#status, error instanceof Error ? error.message : String(error), true)
    }
  }

  #setRunning(running: boolean): void {
    this.#running = running
    this.#paused = false
    this.#pause.textContent = 'Pause'
    this.#start.disabled = running
    this.#pause.disabled = !running
    this.#stop.disabled = !running
    if (running) {
      this.#use.disabled = true
      this.#save.disabled = true
      this.#progress.value = 0
    }
  }

  #listenForDrops(): void {
    const panel = this.#panel
    panel.addEventListener('dragover', (event) => {
      event.preventDefault()
      panel.toggleAttribute('data-drop', true)
    })
    panel.addEventListener('dragleave', () => panel.toggleAttribute('data-drop', false))
    panel.addEventListener('drop', (event) => {
      event.preventDefault()
      panel.toggleAttribute('data-drop', false)
      if (!this.#running) void this.#takeFiles([...(event.dataTransfer?.files ?? [])])
    })
  }

  async #takeFiles(files: readonly File[]): Promise<void> {
    try {
      const { train, test } = await readDataset(files)
      this.#given = { kind: 'given', train, test, description: "the visitor's own IDX files" }
      const option = this.#data.querySelector<HTMLOptionElement>('[value=given]') ?? document.createElement('option')
      option.value = 'given'
      option.textContent = `${train.count.toLocaleString('en-US')} of your files`
      this.#data.append(option)
      option.selected = true
      say(
        this.#status,
        `Read ${train.count.toLocaleString('en-US')} training and ${test.count.toLocaleString('en-US')} test digits.`,
      )
    } catch (error) {
      say(this.#status, error instanceof Error ? error.message : String(error), true)
    }
  }
}

function summary(reports: readonly EpochReport[], epochs: number): string {
  const last = reports.at(-1)
  if (last === undefined) return 'Stopped.'
  const accuracy = `${(last.testAccuracy * 100).toFixed(1)} % of the test digits are read right`
  const speed = `${Math.round(last.imagesPerSecond).toLocaleString('en-US')} digits a second`
  return `${reports.length === epochs ? 'Done' : 'Stopped'} after ${last.epoch} ${last.epoch === 1 ? 'epoch' : 'epochs'}: ${accuracy}; ${speed}.`
}
