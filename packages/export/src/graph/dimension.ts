/**
 * Arithmetic on dimensions of which some are known only at run time. A dimension that cannot be computed gets a name that says
 * what it is (`floor((height+2-3)/2)+1`), so that equal expressions are equal dimensions.
 */
import type { Dimension, Shape } from '../onnx/model.js'

/** A product of names, and the known number that it is multiplied with. */
export interface Product {
  readonly known: number
  readonly names: readonly string[]
}

/** A name that is a product itself, as `multiplied` writes it: `batch*9`. Others are one factor. */
const PRODUCT = /^[\w.]+(\*[\w.]+)+$/

/** `dims` multiplied, in factors. */
export function factors(dims: readonly Dimension[]): Product {
  const parts = dims.flatMap((dim): Dimension[] => {
    if (typeof dim === 'number' || !PRODUCT.test(dim)) return [dim]
    return dim.split('*').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  })
  const known = parts.filter((part) => typeof part === 'number').reduce((product, part) => product * part, 1)
  return { known, names: parts.filter((part) => typeof part === 'string') }
}

export function multiplied(dims: readonly Dimension[]): Dimension {
  const { known, names } = factors(dims)
  if (names.length === 0) return known
  if (known === 0) return 0
  return known === 1 && names.length === 1
    ? (names[0] as string)
    : [...names.map(bracketed), ...(known === 1 ? [] : [known])].join('*')
}

/** A sum or a quotient as a factor. */
function bracketed(name: string): string {
  return /^[\w.]+$|^\(.*\)$/.test(name) ? name : `(${name})`
}

export function added(dims: readonly Dimension[]): Dimension {
  const known = dims.filter((dim) => typeof dim === 'number').reduce((sum, dim) => sum + dim, 0)
  const names = dims.filter((dim) => typeof dim === 'string')
  if (names.length === 0) return known
  return known === 0 && names.length === 1
    ? (names[0] as string)
    : [...names, ...(known === 0 ? [] : [known])].join('+')
}

/** `compute` of a known dimension, or the name `describe` gives it. */
export function mapped(
  dim: Dimension,
  compute: (length: number) => number,
  describe: (name: string) => string,
): Dimension {
  return typeof dim === 'number' ? compute(dim) : describe(dim)
}

/** Multidirectional broadcasting (onnx, docs/Broadcasting.md). */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, index) => {
    const left = a[index - rank + a.length] ?? 1
    const right = b[index - rank + b.length] ?? 1
    if (left === right || right === 1) return left
    if (left === 1) return right
    // One known length beside a name: the name can only be 1 or that length.
    if (typeof left === 'number' && typeof right === 'string') return left
    if (typeof left === 'string' && typeof right === 'number') return right
    if (typeof left === 'string' && typeof right === 'string') return left
    throw new Error(`broadcast: expected shapes that fit together, found [${a.join(', ')}] and [${b.join(', ')}]`)
  })
}

/** An axis from 0 to rank - 1 of one that may count from the end. */
export function normalAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis
  if (!(normal >= 0 && normal < rank)) throw new Error(`axis: expected one from ${-rank} to ${rank - 1}, found ${axis}`)
  return normal
}
