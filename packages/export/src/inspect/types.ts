/** Types and shapes of a graph's values, as far as they can be known: inferred, else as the file notes them, else unknown. */
import { inferOutputs, type TypedShape } from '../graph/shape-inference.js'
import { constantTensor } from '../onnx/constant-nodes.js'
import { DataType, type Dimension, type Graph, type ValueInfo } from '../onnx/model.js'

/** The element types by name (`float32`), as Python's and JavaScript's tools write them. */
export function dataTypeName(dataType: DataType): string {
  const name = Object.entries(DataType).find(([, value]) => value === dataType)?.[0] ?? `type ${dataType}`
  return name === 'FLOAT' ? 'float32' : name === 'DOUBLE' ? 'float64' : name.toLowerCase()
}

/** `float32 [batch, 10]` */
export function typeText({ dataType, shape, unranked }: Pick<ValueInfo, 'dataType' | 'shape' | 'unranked'>): string {
  return `${dataTypeName(dataType)} ${unranked === true ? '[…]' : shapeText(shape)}`
}

export function shapeText(shape: readonly Dimension[]): string {
  return `[${shape.join(', ')}]`
}

/** By name. `batch` replaces the first dimension of each input where that is dynamic. */
export function valueTypes(graph: Graph, { batch }: { batch?: number } = {}): ReadonlyMap<string, TypedShape> {
  const types = new Map<string, TypedShape>()
  const noted = new Map([...graph.valueInfos, ...graph.outputs].map((info) => [info.name, info]))
  for (const info of graph.inputs) {
    if (isKnown(info)) types.set(info.name, { dataType: info.dataType, shape: withBatch(info.shape, batch) })
  }
  for (const tensor of graph.initializers) {
    types.set(tensor.name, { dataType: tensor.dataType, shape: tensor.dims, constant: tensor })
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : types.get(name)))
    const complete = node.inputs.every((name, index) => name === '' || inputs[index] !== undefined)
    const constant = constantTensor(node)
    if (constant !== undefined) {
      types.set(constant.name, { dataType: constant.dataType, shape: constant.dims, constant })
      continue
    }
    const inferred = complete ? inferredOrNone(() => inferOutputs(node, inputs)) : []
    for (const [index, name] of node.outputs.entries()) {
      const note = noted.get(name)
      const type = inferred[index] ?? (batch === undefined && note !== undefined && isKnown(note) ? note : undefined)
      if (name !== '' && type !== undefined) types.set(name, type)
    }
  }
  return types
}

/** An operator without a rule, or one that does not fit its inputs, leaves its outputs unknown: this only describes. */
function inferredOrNone(infer: () => readonly TypedShape[]): readonly TypedShape[] {
  try {
    return infer()
  } catch {
    return []
  }
}

function isKnown({ dataType, unranked }: ValueInfo): boolean {
  return dataType !== DataType.UNDEFINED && unranked !== true
}

function withBatch(shape: readonly Dimension[], batch: number | undefined): readonly Dimension[] {
  return batch !== undefined && typeof shape[0] === 'string' ? [batch, ...shape.slice(1)] : shape
}
