/** How many weights a graph has, in however few bits they are stored: its parameters, as papers count them. */
import { DataType, type Graph, type Node, type Tensor } from '../onnx/model.js'
import { elementCount } from '../onnx/tensor.js'

/** Constants of integers are shapes, axes and indices, but for those that stand for real numbers. */
const NO_WEIGHTS: ReadonlySet<DataType> = new Set([DataType.INT64, DataType.INT32, DataType.BOOL, DataType.STRING])

/** Inputs that are options, scales or zero points in the form of tensors, by op type. */
const OPTION_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Resize: [1, 2],
  Upsample: [1],
  Clip: [1, 2],
  Pad: [2],
  QuantizeLinear: [1, 2],
  DequantizeLinear: [1, 2],
  MatMulNBits: [2, 3],
}

/** Weights of the whole graph; one that several nodes share is counted once. */
export function weightCount({ nodes, initializers }: Graph): number {
  const left = new Map(initializers.map((tensor) => [tensor.name, tensor]))
  let count = 0
  for (const node of nodes) {
    for (const [index, name] of node.inputs.entries()) {
      const tensor = left.get(name)
      if (tensor === undefined) continue
      left.delete(name)
      count += weightsOfInput(node, index, tensor)
    }
  }
  return count
}

/** Weights in the constant at input `index`: 0 where it is none. */
export function weightsOfInput({ opType, attributes }: Node, index: number, { dataType, dims }: Tensor): number {
  if (Object.hasOwn(OPTION_INPUTS, opType) && OPTION_INPUTS[opType]?.includes(index) === true) return 0
  if (opType === 'MatMulNBits' && index === 1) return integer(attributes.K) * integer(attributes.N)
  const isQuantized = opType === 'DequantizeLinear'
  if (dims.length === 0 || (NO_WEIGHTS.has(dataType) && !isQuantized)) return 0
  return elementCount(dims)
}

/** Weights of four bits lie two in a byte, padded to whole blocks: the node says how many they are. */
function integer(attribute: Node['attributes'][string] | undefined): number {
  return attribute?.type === 'INT' ? Number(attribute.value) : 0
}
