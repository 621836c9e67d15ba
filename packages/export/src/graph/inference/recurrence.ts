/** RNN, LSTM and GRU with their default layout: sequences are [T, N, F], weights [directions, gates × H, …]. */
import type { Dimension, Node } from '../../onnx/model.js'
import { intAttribute, stringAttribute } from '../attributes.js'
import type { InferenceRule, InferenceRules } from '../shape-inference.js'
import { required } from './expect.js'

/** X, W, R, … → Y [T, directions, N, H], Y_h [directions, N, H] and, of an LSTM, Y_c. */
const recurrence: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  if (intAttribute(node, 'layout', 0) !== 0) throw new Error(`${node.opType} ${node.name}: expected layout 0, found 1`)
  const hidden = hiddenSize(node, required(node, inputs, 2).shape[2])
  const directions = stringAttribute(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1
  const [steps, batch] = shape as [Dimension, Dimension]
  const state = { dataType, shape: [directions, batch, hidden] }
  return [{ dataType, shape: [steps, directions, batch, hidden] }, state, state]
}

function hiddenSize(node: Node, recurrent: Dimension | undefined): number {
  const hidden = intAttribute(node, 'hidden_size', typeof recurrent === 'number' ? recurrent : 0)
  if (hidden < 1) throw new Error(`${node.opType} ${node.name}: expected a hidden_size, found none`)
  return hidden
}

export const RECURRENCE_RULES: InferenceRules = { RNN: recurrence, LSTM: recurrence, GRU: recurrence }
