/**
 * Transpose_q ∘ Transpose_p → Transpose_r with r[i] = p[q[i]], nothing at all where r is the identity; a Transpose moves
 * down past an operator that works element by element, f(Transpose(x)) → Transpose(f(x)), where another one waits for it.
 */
import { intsAttribute } from '../graph/attributes.js'
import type { Node } from '../onnx/model.js'
import { eliminate } from './eliminate-identity.js'
import type { GraphEdit } from './graph-edit.js'
import { eachNode, type Pass } from './pass.js'

export const cancelTransposes: Pass = {
  name: 'cancel-transposes',
  rewrite: 'Transpose ∘ Transpose → one Transpose or none, also across elementwise operators',
  order: 'after identities are gone; before the other rewrites, which look for neighbours',
  keepsWeights: true,
  run: eachNode(cancel),
}

/** Operators of one tensor that treat every element alike, wherever it lies. */
const ELEMENTWISE = new Set([
  ...['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Sigmoid', 'HardSigmoid', 'Tanh', 'Softplus', 'Softsign', 'ThresholdedRelu'],
  ...['Abs', 'Neg', 'Exp', 'Log', 'Sqrt', 'Erf', 'Clip', 'Cast', 'Dropout', 'Identity'],
])

function cancel(edit: GraphEdit, last: Node): boolean | string {
  const q = permutation(last)
  if (q === undefined) return false
  // Up through operators that it commutes with, to the Transpose that it meets.
  const between: Node[] = []
  let value = last.inputs[0] ?? ''
  let first = edit.producer(value)
  while (first !== undefined && ELEMENTWISE.has(first.opType) && first.domain === '') {
    if (!edit.isOnlyFor(value, between.at(-1) ?? last)) return `${value} is needed as it is`
    between.push(first)
    value = first.inputs[0] ?? ''
    first = edit.producer(value)
  }
  const p = first === undefined ? undefined : permutation(first)
  if (first === undefined || p === undefined) return false
  const r = q.map((axis) => p[axis] ?? 0)
  const source = first.inputs[0] ?? ''
  const isIdentity = r.every((axis, index) => axis === index)
  // What lies between works on the source; the last of it (or nothing) gives what is then transposed by r, if by anything.
  const output = last.outputs[0] ?? ''
  if (between.length === 0) {
    const next = isIdentity ? identityOf(last, source) : { ...last, inputs: [source], attributes: permOf(r) }
    edit.replace(last, next)
    // An output of the graph that would be an input or another output is still an Identity then.
    if (isIdentity) eliminate(edit, next)
    return true
  }
  const innermost = between.at(-1) as Node
  if (isIdentity) {
    const outermost = between[0] as Node
    // Both Transposes are gone: the operators between take the source and give the output.
    edit.remove(last)
    const moved = { ...outermost, outputs: [output, ...outermost.outputs.slice(1)] }
    edit.replace(outermost, outermost === innermost ? taking(moved, source) : moved)
    if (outermost !== innermost) edit.replace(innermost, taking(innermost, source))
    return true
  }
  edit.replace(innermost, taking(innermost, source))
  edit.replace(last, { ...last, attributes: permOf(r) })
  return true
}

function taking(node: Node, input: string): Node {
  return { ...node, inputs: [input, ...node.inputs.slice(1)] }
}

function identityOf({ name, outputs }: Node, input: string): Node {
  return { name, opType: 'Identity', domain: '', inputs: [input], outputs, attributes: {} }
}

function permOf(order: readonly number[]): Node['attributes'] {
  return { perm: { type: 'INTS', value: order } }
}

function permutation(node: Node): readonly number[] | undefined {
  return node.opType === 'Transpose' && node.domain === '' ? intsAttribute(node, 'perm') : undefined
}
