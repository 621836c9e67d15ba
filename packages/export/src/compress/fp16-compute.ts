/**
 * The whole graph in half precision: inputs and outputs stay FLOAT, cast at the edge, so that callers need not know. Worth it where the
 * provider computes halves (CUDA, WebGPU with shader-f16); ONNX Runtime's CPU and WASM providers cast around most operators.
 */
import { UserError } from '../errors.js'
import { valueTypes } from '../inspect/types.js'
import { innerGraphs } from '../onnx/check.js'
import { type Attribute, DataType, type Graph, type Node, type Tensor, type ValueInfo } from '../onnx/model.js'
import { floatTensor, floatValues } from '../onnx/tensor.js'
import { halfTensor } from './fp16.js'
import { LARGEST_HALF } from './half.js'
import { Names } from './names.js'

/** Inputs that are FLOAT whatever the rest is: Resize's region and scales. */
const ALWAYS_FLOAT: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2] }

/** No FLOAT16 in opset 17. */
const NO_HALVES: ReadonlySet<string> = new Set(['Range', 'NonMaxSuppression', 'QuantizeLinear', 'DequantizeLinear'])

/** @throws UserError UNSUPPORTED where an operator has no half precision, or has a graph of its own. */
export function fp16Compute(graph: Graph): Graph {
  const refused = graph.nodes.find(
    (node) => node.domain !== '' || NO_HALVES.has(node.opType) || innerGraphs(node).length > 0,
  )
  if (refused !== undefined) {
    const remedy = 'store only the weights so, with fp16 alone'
    throw new UserError(
      'UNSUPPORTED',
      `fp16Compute: expected operators that compute in half precision, found ${refused.opType} ${refused.name}; ${remedy}`,
    )
  }
  const names = new Names(graph)
  const types = valueTypes(graph)
  const isFloat = (name: string): boolean => types.get(name)?.dataType === DataType.FLOAT
  const fixed = new Set(
    graph.nodes.flatMap(({ opType, inputs }) => (ALWAYS_FLOAT[opType] ?? []).map((at) => inputs[at])),
  )
  // Inside, an input or output of the graph goes by another name.
  const inner = new Map<string, string>()
  for (const { name } of [...graph.inputs, ...graph.outputs]) {
    if (isFloat(name)) inner.set(name, names.add(`${name}.fp16`))
  }
  const renamed = (name: string): string => inner.get(name) ?? name
  const cast = (from: string, to: string, dataType: DataType): Node => ({
    name: names.add(`${dataType === DataType.FLOAT ? to : from}/Cast`),
    opType: 'Cast',
    domain: '',
    inputs: [from],
    outputs: [to],
    attributes: { to: { type: 'INT', value: dataType } },
  })
  const casts = (infos: readonly ValueInfo[], of: (name: string) => Node): Node[] =>
    infos.filter(({ name }) => isFloat(name)).map(({ name }) => of(name))
  return {
    ...graph,
    nodes: [
      ...casts(graph.inputs, (name) => cast(name, renamed(name), DataType.FLOAT16)),
      ...graph.nodes.map((node) => halved(node, renamed)),
      ...casts(graph.outputs, (name) => cast(renamed(name), name, DataType.FLOAT)),
    ],
    initializers: graph.initializers.map((tensor) =>
      tensor.dataType === DataType.FLOAT && !fixed.has(tensor.name)
        ? { ...halfTensor(saturated(tensor), renamed(tensor.name)) }
        : tensor,
    ),
    valueInfos: [],
  }
}

function halved(node: Node, renamed: (name: string) => string): Node {
  const attributes = Object.entries(node.attributes).map(([key, attribute]) => [key, halvedAttribute(node, attribute)])
  return {
    ...node,
    inputs: node.inputs.map(renamed),
    outputs: node.outputs.map(renamed),
    attributes: Object.fromEntries(attributes) as Node['attributes'],
  }
}

/** The element type that a node makes, and the values that it holds. */
function halvedAttribute({ opType }: Node, attribute: Attribute): Attribute {
  if (opType === 'Cast' && attribute.type === 'INT' && attribute.value === DataType.FLOAT) {
    return { type: 'INT', value: DataType.FLOAT16 }
  }
  if (attribute.type === 'TENSOR' && attribute.value.dataType === DataType.FLOAT) {
    return { type: 'TENSOR', value: halfTensor(saturated(attribute.value), attribute.value.name) }
  }
  return attribute
}

/** A bound such as -3.4e38 means "none": the least half says so too, and is no infinity. */
function saturated(tensor: Tensor): Tensor {
  const values = floatValues(tensor)
  if (!values.some((value) => Number.isFinite(value) && Math.abs(value) > LARGEST_HALF)) return tensor
  const within = values.map((value) =>
    Number.isFinite(value) ? Math.max(-LARGEST_HALF, Math.min(LARGEST_HALF, value)) : value,
  )
  return floatTensor(tensor.name, tensor.dims, within)
}
