/** Equal constants → one: two initializers of the same type, shape and bytes become the one that comes first. */
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
  const firsts = new Map<string, Tensor[]>()
  const fixed = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name))
  for (const tensor of graph.initializers) {
    if (fixed.has(tensor.name)) continue
    const key = `${tensor.dataType}:${tensor.dims.join(',')}`
    const candidates = firsts.get(key) ?? []
    const equal = candidates.find((candidate) => sameBytes(candidate.data, tensor.data))
    if (equal === undefined) {
      firsts.set(key, [...candidates, tensor])
      continue
    }
    rewritten.push(...edit.consumers(tensor.name).map(({ name }) => name))
    edit.redirect(tensor.name, equal.name)
  }
  return { graph: edit.finish(), rewritten, kept: [] }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  for (let index = 0; index < a.byteLength; index++) if (a[index] !== b[index]) return false
  return true
}
