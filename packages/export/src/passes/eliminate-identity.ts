/**
 * Identity(x) → x, and what is the identity by its parameters: Dropout outside training, Transpose by 0, 1, 2, …, Pad by
 * zeros, Concat of one value.
 */
import { intsAttribute } from '../graph/attributes.js'
import type { Node } from '../onnx/model.js'
import { int64Values } from '../onnx/tensor.js'
import type { GraphEdit } from './graph-edit.js'
import { eachNode, type Pass } from './pass.js'

export const eliminateIdentity: Pass = {
  name: 'eliminate-identity',
  rewrite: 'Identity(x) → x, and Dropout, Transpose, Pad, Concat where they change nothing',
  order: 'first: an identity between two nodes hides from other passes that they are neighbours',
  keepsWeights: true,
  run: eachNode((edit, node) => isIdentity(edit, node) && eliminate(edit, node)),
}

/** The same for a graph to be trained, in which Dropout is no identity. */
export const eliminateIdentityButDropout: Pass = {
  ...eliminateIdentity,
  run: eachNode((edit, node) => node.opType !== 'Dropout' && isIdentity(edit, node) && eliminate(edit, node)),
}

function isIdentity(edit: GraphEdit, node: Node): boolean {
  if (node.domain !== '') return false
  switch (node.opType) {
    case 'Identity':
      return true
    case 'Dropout': {
      // The third input, training_mode, makes it drop; the second output is the mask.
      const [, mask = ''] = node.outputs
      const maskUsed = mask !== '' && (edit.consumers(mask).length > 0 || edit.isOutput(mask))
      const [, , mode = ''] = node.inputs
      return !maskUsed && (mode === '' || edit.constant(mode)?.data[0] === 0)
    }
    case 'Transpose':
      return intsAttribute(node, 'perm')?.every((axis, index) => axis === index) ?? false
    case 'Pad': {
      const pads = edit.constant(node.inputs[1])
      return pads !== undefined && int64Values(pads).every((pad) => pad === 0)
    }
    case 'Concat':
      return node.inputs.length === 1
    default:
      return false
  }
}

/** Takes out a node whose output is its first input, or says why it stays. */
export function eliminate(edit: GraphEdit, node: Node): true | string {
  const [input = ''] = node.inputs
  const [output = ''] = node.outputs
  if (!edit.isOutput(output)) {
    edit.redirect(output, input)
    edit.remove(node)
    return true
  }
  // A graph output keeps its name: its producer takes it over, if the value is free to be renamed.
  const producer = edit.producer(input)
  if (producer === undefined) return `it names the graph's output ${output}, which is an input or a constant`
  if (edit.isOutput(input)) return `${input} and ${output} are both outputs of the graph`
  edit.remove(node)
  edit.redirect(input, output)
  edit.replace(producer, { ...producer, outputs: producer.outputs.map((name) => (name === input ? output : name)) })
  return true
}
