/** The page: the element, large, and the panels around it. */
import { defineMnistDigit, type ErrorDetail, type PredictionDetail, type ReadyDetail } from 'mnist-digit'
import { byId } from './page.js'
import { LayersPanel } from './panels/layers.js'
import { modelUrl, type NetworkEntry, showNetworks } from './panels/networks.js'
import { TeachPanel } from './panels/teach.js'
import { TrainPanel } from './panels/train.js'

defineMnistDigit()

const pad = byId('pad', 'mnist-digit')
const layers = new LayersPanel()
const teaching = new TeachPanel()
let chosen: { name: string; url: string } | undefined

new TrainPanel({
  network: () => chosen,
  onUse: (model) => {
    pad.model = model
    pad.scrollIntoView({ block: 'center' })
  },
})

function choose(network: NetworkEntry): void {
  chosen = { name: network.name, url: modelUrl(network) }
  pad.model = chosen.url
  void teaching.use(chosen)
}

pad.addEventListener('prediction', (event) => {
  const { seen } = (event as CustomEvent<PredictionDetail>).detail
  if (seen !== null && pad.reader !== undefined) layers.show(pad.reader, seen)
})
pad.addEventListener('ready', (event) => {
  byId('runtime', 'p').textContent = (event as unknown as CustomEvent<ReadyDetail>).detail.runtime
})
pad.addEventListener('error', (event) => {
  byId('runtime', 'p').textContent = (event as unknown as CustomEvent<ErrorDetail>).detail.message
})

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
  button.addEventListener('click', () => void copy(button))
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const text = byId(button.dataset.copy ?? '', 'code').textContent
  await navigator.clipboard.writeText(text ?? '')
  button.textContent = 'Copied'
  setTimeout(() => {
    button.textContent = 'Copy'
  }, 1500)
}

showNetworks(choose).catch((error: unknown) => {
  byId('network-list', 'fieldset').append(error instanceof Error ? error.message : String(error))
})

/** Milliseconds without an answer until the page is kept for visits without a line: it takes the processor from who draws. */
const KEEP_AFTER = 2000

let keeping: ReturnType<typeof setTimeout> | undefined
const kept = new AbortController()
for (const type of ['ready', 'prediction']) pad.addEventListener(type, keepLater, { signal: kept.signal })

function keepLater(): void {
  clearTimeout(keeping)
  keeping = setTimeout(keep, KEEP_AFTER)
}

function keep(): void {
  kept.abort()
  navigator.serviceWorker?.register('./offline.js').catch(() => {})
}
