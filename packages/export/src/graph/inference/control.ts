/** Operators with graphs inside. The inner graph was built with its own inference: its outputs say their types and shapes. */
import type { Dimension } from '../../onnx/model.js'
import { intAttribute, intsAttribute } from '../attributes.js'
import type { InferenceRule, InferenceRules } from '../shape-inference.js'
import { required } from './expect.js'

/** States, then scanned inputs → the last states, then each step's outputs along an axis of their own. */
const scan: InferenceRule = (node, inputs) => {
  const body = node.attributes.body
  if (body?.type !== 'GRAPH') throw new Error(`Scan ${node.name}: expected the attribute body, found none`)
  const scanned = intAttribute(node, 'num_scan_inputs', 1)
  const states = inputs.length - scanned
  const inputAxis = intsAttribute(node, 'scan_input_axes')?.[0] ?? 0
  const outputAxes = intsAttribute(node, 'scan_output_axes')
  const steps = required(node, inputs, states).shape[inputAxis] as Dimension
  return body.value.outputs.map(({ dataType, shape }, index) => {
    if (index < states) return { dataType, shape: required(node, inputs, index).shape }
    return { dataType, shape: shape.toSpliced(outputAxes?.[index - states] ?? 0, 0, steps) }
  })
}

export const CONTROL_RULES: InferenceRules = { Scan: scan }
