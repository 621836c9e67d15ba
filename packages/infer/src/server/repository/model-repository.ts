/**
 * The models of a folder, open in every worker, and kept in step with it: a changed file is opened beside the old one, requests
 * that come after the change go to the new, those before it are finished by the old, which then is closed.
 */
import { readFile } from 'node:fs/promises'
import { errorLine } from 'mnist-export/cli'
import { readDigitModel } from '../../model/contract.js'
import { Refusal } from '../error-table.js'
import type { Opening } from '../pool/messages.js'
import { type ModelFile, scanFolder } from './scan-folder.js'

/** One content of one file. */
export interface ServedModel extends Opening {
  readonly name: string
  readonly version: string
}

export interface IndexEntry {
  readonly name: string
  readonly version: string
  readonly state: 'READY' | 'UNAVAILABLE'
  readonly reason: string
}

export interface RepositoryOptions {
  readonly folder: string
  /** Opens a model in the workers; it throws where none can. */
  readonly open: (model: ServedModel) => Promise<void>
  /** The model gets no more requests. */
  readonly retire: (model: ServedModel) => void
  readonly onChange: (change: { readonly title: string; readonly outcome: string }) => void
}

interface Entry {
  readonly file: ModelFile
  readonly served: ServedModel | undefined
  /** Why the file as it is now is not served; empty where it is. */
  readonly reason: string
}

export class ModelRepository {
  readonly #options: RepositoryOptions
  #entries = new Map<string, Entry>()
  /** The latest served version of each name. */
  #latest = new Map<string, ServedModel>()
  #generation = 0
  #scanning: Promise<void> | undefined
  /** Why the folder could not be read the last time; empty where it could. */
  #problem = ''

  constructor(options: RepositoryOptions) {
    this.#options = options
  }

  /** Whether there are models, and all of them are served. */
  get ready(): boolean {
    const entries = [...this.#entries.values()]
    return entries.length > 0 && entries.every(({ served }) => served !== undefined)
  }

  /** Why it is not ready, or not all as the folder has it. */
  get problem(): string {
    if (this.#problem !== '') return this.#problem
    if (this.#entries.size === 0) return 'the models folder is empty'
    return [...this.#entries.values()]
      .map(({ reason }) => reason)
      .filter(Boolean)
      .join('; ')
  }

  get models(): ServedModel[] {
    return [...this.#entries.values()].flatMap(({ served }) => (served === undefined ? [] : [served]))
  }

  index(): IndexEntry[] {
    return [...this.#entries.values()].map(({ file, served, reason }) => ({
      name: file.name,
      version: file.version,
      state: served === undefined ? 'UNAVAILABLE' : 'READY',
      reason,
    }))
  }

  /** Versions of a model that are served, ascending. */
  versions(name: string): string[] {
    return this.models
      .filter((model) => model.name === name)
      .map(({ version }) => version)
      .sort((a, b) => Number(a) - Number(b))
  }

  /**
   * @param version The latest where it is left out.
   * @throws Refusal NOT_FOUND
   */
  find(name: string, version?: string): ServedModel {
    const served = version === undefined ? this.#latest.get(name) : this.#entries.get(`${name} ${version}`)?.served
    if (served !== undefined) return served
    const title = version === undefined ? name : `${name} version ${version}`
    throw new Refusal(
      'NOT_FOUND',
      `model ${JSON.stringify(title.slice(0, 150))}: expected one that is served, found none`,
    )
  }

  /** Looks at the folder and opens what is new or changed. One scan at a time; it never throws. */
  scan(): Promise<void> {
    this.#scanning ??= this.#scan().finally(() => {
      this.#scanning = undefined
    })
    return this.#scanning
  }

  async #scan(): Promise<void> {
    let files: ModelFile[]
    try {
      files = await scanFolder(this.#options.folder)
      this.#problem = ''
    } catch (error) {
      // Perhaps a volume that comes back: what is served stays served.
      this.#problem = errorLine(error)
      return
    }
    for (const file of files) {
      const key = `${file.name} ${file.version}`
      const entry = this.#entries.get(key)
      if (entry?.file.stamp === file.stamp) continue
      const next = await this.#open(file, entry?.served)
      this.#entries.set(key, next)
      this.#findLatest()
      if (entry?.served !== undefined && entry.served !== next.served) this.#options.retire(entry.served)
    }
    const keys = new Set(files.map(({ name, version }) => `${name} ${version}`))
    for (const [key, { served, file }] of this.#entries) {
      if (keys.has(key)) continue
      this.#entries.delete(key)
      this.#findLatest()
      if (served !== undefined) this.#options.retire(served)
      this.#options.onChange({ title: titleOf(file), outcome: 'removed' })
    }
  }

  #findLatest(): void {
    const ascending = this.models.sort((a, b) => Number(a.version) - Number(b.version))
    this.#latest = new Map(ascending.map((model) => [model.name, model]))
  }

  /** The file's content, served; where that cannot be, what was served before stays, with the reason. */
  async #open(file: ModelFile, before: ServedModel | undefined): Promise<Entry> {
    const title = titleOf(file)
    try {
      const bytes = new Uint8Array(await readFile(file.path))
      const model = readDigitModel(bytes, title)
      const served = { generation: ++this.#generation, title, name: file.name, version: file.version, bytes, model }
      await this.#options.open(served)
      this.#options.onChange({ title, outcome: before === undefined ? 'opened' : 'replaced' })
      return { file, served, reason: '' }
    } catch (error) {
      const reason = errorLine(error)
      this.#options.onChange({ title, outcome: `refused: ${reason}` })
      return { file, served: before, reason }
    }
  }
}

function titleOf({ name, version }: ModelFile): string {
  return `${name} version ${version}`
}
