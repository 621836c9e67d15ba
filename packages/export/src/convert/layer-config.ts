/** A layer's configuration, read key by key: every value is checked, and an error says layer, key, expected and found. */
import { UserError } from '../errors.js'
import { type Json, type JsonObject, short } from './topology.js'

export class LayerConfig {
  readonly name: string
  readonly className: string
  readonly #values: ReadonlyMap<string, Json>

  constructor(className: string, name: string, config: JsonObject) {
    this.className = className
    this.name = name
    // Keras and tfjs save snake_case; programs that build the JSON by hand write tfjs's camelCase.
    this.#values = new Map(Object.entries(config).map(([key, value]) => [snakeCase(key), value]))
  }

  /** `layer conv1 (Conv2D)`: how messages name it. */
  get where(): string {
    return `layer ${this.name} (${this.className})`
  }

  /** The JSON value of `key`; undefined where it is missing or null. */
  get(key: string): Json | undefined {
    return this.#values.get(key) ?? undefined
  }

  /** Whether `key` is there and null: where that means something else than its absence. */
  isNull(key: string): boolean {
    return this.#values.get(key) === null
  }

  number(key: string, fallback?: number): number {
    const value = this.get(key) ?? fallback
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.invalid(key, 'a number', value)
    return value
  }

  integer(key: string, fallback?: number): number {
    const value = this.get(key) ?? fallback
    if (!isInteger(value)) throw this.invalid(key, 'an integer', value)
    return value
  }

  /** An integer from 1 on. */
  size(key: string, fallback?: number): number {
    const value = this.integer(key, fallback)
    if (value < 1) throw this.invalid(key, 'an integer from 1 on', value)
    return value
  }

  boolean(key: string, fallback?: boolean): boolean {
    const value = this.get(key) ?? fallback
    if (typeof value !== 'boolean') throw this.invalid(key, 'true or false', value)
    return value
  }

  /** One of `choices`, spelled in snake_case. */
  choice<const T extends string>(key: string, choices: readonly T[], fallback?: T): T {
    const value = this.get(key) ?? fallback
    const known = typeof value === 'string' ? choices.find((choice) => choice === snakeCase(value)) : undefined
    if (known === undefined) throw this.invalid(key, choices.join(' or '), value)
    return known
  }

  /** `length` positive integers; one alone stands for all of them. */
  sizes(key: string, length: number, fallback?: number | readonly number[]): number[] {
    const value = this.get(key) ?? (fallback as Json | undefined)
    const list = Array.isArray(value) && value.length === 1 ? value[0] : value
    const sizes = Array.isArray(list) ? list : new Array<Json | undefined>(length).fill(list)
    if (sizes.length !== length || !sizes.every((size): size is number => isInteger(size) && size > 0)) {
      throw this.invalid(key, `a positive integer or a list of ${length}`, value)
    }
    return sizes
  }

  /** Integers, any number of them. */
  integers(key: string): number[] {
    const value = this.get(key)
    if (!Array.isArray(value) || !value.every(isInteger)) throw this.invalid(key, 'a list of integers', value)
    return value as number[]
  }

  /** `[[before, after], …]` for each of `axes` axes, from one number, one a side pair, or one an axis. */
  margins(key: string, axes: number, fallback: number): [number, number][] {
    const value = this.get(key) ?? fallback
    const list = Array.isArray(value) ? value : new Array<Json>(axes).fill(value)
    const margins = list.map((entry) => (Array.isArray(entry) ? entry : [entry, entry]))
    const valid = margins.every((pair) => pair.length === 2 && pair.every((side) => isInteger(side) && side >= 0))
    if (margins.length !== axes || !valid) throw this.invalid(key, `${axes} pairs of integers from 0 on`, value)
    return margins as [number, number][]
  }

  /** Whether the channels are the last axis of this layer's input, as Keras has it, or the second. */
  channelsLast(): boolean {
    return this.choice('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_last'
  }

  invalid(key: string, expected: string, found: Json | undefined): UserError {
    return new UserError('INPUT', `${this.where}: ${key}, expected ${expected}, found ${short(found)}`)
  }

  unsupported(what: string): UserError {
    return new UserError('UNSUPPORTED', `${this.where}: ${what}`)
  }
}

function isInteger(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}

/** `channelsLast` → `channels_last`, `logSoftmax` → `log_softmax`. */
export function snakeCase(text: string): string {
  return text.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
}
