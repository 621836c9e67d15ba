/** A tensor's elements, from JSON and from bytes. No array is made by a declared shape: what was sent is counted first. */
import { Refusal } from '../error-table.js'

export interface Expected {
  /** How many numbers. */
  readonly count: number
  /** For messages. */
  readonly name: string
}

/** Nested lists deeper than this are no tensor of ours. */
const DEEPEST = 8

/** A list of numbers, flat or nested row by row, to float32. */
export function numbersFromJson(data: unknown, { count, name }: Expected): Float32Array {
  if (!Array.isArray(data)) throw bad(`${name}: expected a list of ${count} numbers, found none`)
  const found = countNumbers(data, { name, depth: 0 })
  if (found !== count) throw bad(`${name}: expected ${count} numbers, found ${found}`)
  const values = new Float32Array(count)
  fill(values, data, 0)
  checkFinite(values, name)
  return values
}

/** Little-endian float32, wherever in the body they begin. */
export function numbersFromBytes(bytes: Uint8Array, { count, name }: Expected): Float32Array {
  if (bytes.length !== 4 * count) throw bad(`${name}: expected ${4 * count} bytes, found ${bytes.length}`)
  const values = new Float32Array(count)
  new Uint8Array(values.buffer).set(bytes)
  checkFinite(values, name)
  return values
}

function countNumbers(list: readonly unknown[], { name, depth }: { name: string; depth: number }): number {
  if (depth > DEEPEST) throw bad(`${name}: expected lists nested at most ${DEEPEST} deep, found more`)
  let count = 0
  for (const item of list) {
    if (typeof item === 'number') count++
    else if (Array.isArray(item)) count += countNumbers(item, { name, depth: depth + 1 })
    else throw bad(`${name}: expected numbers, found ${item === null ? 'null' : typeof item}`)
  }
  return count
}

function fill(values: Float32Array, list: readonly unknown[], start: number): number {
  let index = start
  for (const item of list) {
    if (typeof item === 'number') values[index++] = item
    else index = fill(values, item as unknown[], index)
  }
  return index
}

/** A value that float32 cannot hold would make every output of its row NaN, which JSON cannot say. */
function checkFinite(values: Float32Array, name: string): void {
  for (const value of values) {
    if (!Number.isFinite(value)) throw bad(`${name}: expected finite float32 numbers, found ${value}`)
  }
}

function bad(message: string): Refusal {
  return new Refusal('BAD_REQUEST', message)
}
