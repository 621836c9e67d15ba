/** Equal constants → one: two initializers of the same type, shape and bytes become the one that comes first. */
import { readBytes } from '../onnx/deferred-tensor.js'
import type { Graph, Tensor } from '../onnx/model.js'
import { GraphEdit } from './graph-edit.js'
import type { Pass, PassResult } from './pass.js'

export const shareConstants: Pass = {
  name: 'share-constants',
  rewrite: 'two equal initializers → one',
  order: 'last: the other passes make constants',
  keepsWeights: false,
  run,
}

function run(graph: Graph): PassResult {
  const edit = new GraphEdit(graph)
  const rewritten: string[] = []
  const fixed = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name))
  const alike = grouped(
    graph.initializers.filter(({ name }) => !fixed.has(name)),
    ({ dataType, dims }) => `${dataType}:${dims.join(',')}`,
  )
  for (const tensors of alike) {
    // A number for each, so that weights are compared, and made for it, only where they may be equal.
    const candidates = tensors.length === 1 ? [] : grouped(tensors, (tensor) => checksum(readBytes(tensor)))
    for (const [first, ...others] of candidates) {
      for (const other of first === undefined ? [] : others) {
        if (first === undefined || !sameBytes(readBytes(first), readBytes(other))) continue
        rewritten.push(...edit.consumers(other.name).map(({ name }) => name))
        edit.redirect(other.name, first.name)
      }
    }
  }
  return { graph: edit.finish(), rewritten, kept: [] }
}

/** Those of the same key together, in their order. */
function grouped(tensors: readonly Tensor[], keyOf: (tensor: Tensor) => string | number): Tensor[][] {
  const groups = new Map<string | number, Tensor[]>()
  for (const tensor of tensors) {
    const key = keyOf(tensor)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [tensor])
    else group.push(tensor)
  }
  return [...groups.values()]
}

/** Glenn Fowler, Landon Curt Noll and Phong Vo's hash FNV-1a (public domain), of 32 bits, over a sample of the bytes. */
function checksum(bytes: Uint8Array): number {
  // Odd, so that it is not always the same byte of the numbers.
  const step = 2 * Math.floor(bytes.byteLength / SAMPLE / 2) + 1
  let hash = 0x811c9dc5
  for (let index = 0; index < bytes.byteLength; index += step) {
    hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193)
  }
  return hash
}

/** Bytes that a checksum reads, about. */
const SAMPLE = 4096

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  for (let index = 0; index < a.byteLength; index++) if (a[index] !== b[index]) return false
  return true
}
