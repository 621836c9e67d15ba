/** The networks to choose from, with the figures of their files (`models.json`, made by the build). */
import { byId } from '../page.js'

export interface NetworkEntry {
  readonly name: string
  readonly file: string
  readonly bytes: number
  readonly parameters: number
  /** 0…1, on the test pictures; null where it was not measured. */
  readonly accuracy: number | null
  readonly dataset: string
  readonly epochs: number
}

const FOLDER = new URL('./mnist-digit/models/', document.baseURI)

export function modelUrl({ file }: NetworkEntry): string {
  return new URL(file, FOLDER).href
}

/** Shows the choice, and tells of the first and of each further one. */
export async function showNetworks(onChoice: (network: NetworkEntry) => void): Promise<void> {
  const list = byId('network-list', 'fieldset')
  const response = await fetch(new URL('models.json', FOLDER))
  const networks = (await response.json()) as readonly NetworkEntry[]
  for (const [index, network] of networks.entries()) {
    list.append(card(network, index === 0, () => onChoice(network)))
  }
  const [first] = networks
  if (first === undefined) {
    list.append('This build has no networks: train and release one, then build again.')
  } else onChoice(first)
}

function card(network: NetworkEntry, checked: boolean, onChoice: () => void): HTMLLabelElement {
  const { name, bytes, parameters, accuracy } = network
  const label = document.createElement('label')
  label.className = 'network'
  const radio = document.createElement('input')
  radio.type = 'radio'
  radio.name = 'network'
  radio.value = name
  radio.checked = checked
  radio.addEventListener('change', onChoice)
  const percent = accuracy === null ? 'not measured' : `${(accuracy * 100).toFixed(2)} %`
  const facts = `${parameters.toLocaleString('en-US')} weights, ${size(bytes)}`
  label.append(radio, span('name', name), span('accuracy', percent), span('facts', facts))
  return label
}

function span(className: string, text: string): HTMLSpanElement {
  const element = document.createElement('span')
  element.className = className
  element.textContent = text
  return element
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
