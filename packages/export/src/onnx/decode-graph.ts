/** GraphProto, NodeProto, AttributeProto and ValueInfoProto → the values of `model.ts`. Documentation of nodes is not kept. */
import { UserError } from '../errors.js'
import { dataTypeOf, readTensor } from './decode-tensor.js'
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DIMENSION,
  GRAPH,
  NODE,
  TENSOR_SHAPE,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './fields.js'
import type { MessageReader } from './message-reader.js'
import {
  type Attribute,
  DataType,
  type Dimension,
  type Graph,
  type Node,
  type Tensor,
  type ValueInfo,
} from './model.js'

/** Of the file's budget: see `message-reader.ts`. */
const NODE_COST = 20

/** `depth`: how many graphs this one lies within. */
export function readGraph(message: MessageReader, depth: number): Graph {
  message.budget.checkDepth(depth)
  let name = ''
  let docString = ''
  const nodes: Node[] = []
  const initializers: Tensor[] = []
  const inputs: ValueInfo[] = []
  const outputs: ValueInfo[] = []
  const valueInfos: ValueInfo[] = []
  while (message.next()) {
    switch (message.field) {
      case GRAPH.node:
        nodes.push(readNode(message.message(NODE_COST), depth))
        break
      case GRAPH.name:
        name = message.string()
        break
      case GRAPH.initializer:
        initializers.push(readTensor(message.message()))
        break
      case GRAPH.docString:
        docString = message.string()
        break
      case GRAPH.input:
        inputs.push(required(readValueInfo(message.message())))
        break
      case GRAPH.output:
        outputs.push(required(readValueInfo(message.message())))
        break
      case GRAPH.valueInfo: {
        // Only a note: one about a value that is no tensor can be left out.
        const info = readValueInfo(message.message())
        if (info.isTensor) valueInfos.push(info.value)
        break
      }
      case GRAPH.sparseInitializer:
        throw new UserError('UNSUPPORTED', `graph ${name}: expected dense initializers, found a sparse one`)
      default:
        message.skip()
    }
  }
  return { name, docString, nodes, initializers, inputs, outputs, valueInfos }
}

function readNode(message: MessageReader, depth: number): Node {
  const inputs: string[] = []
  const outputs: string[] = []
  const texts = { name: '', opType: '', domain: '' }
  const attributes: [string, Attribute][] = []
  while (message.next()) {
    switch (message.field) {
      case NODE.input:
        inputs.push(message.string())
        break
      case NODE.output:
        outputs.push(message.string())
        break
      case NODE.name:
        texts.name = message.string()
        break
      case NODE.opType:
        texts.opType = message.string()
        break
      case NODE.attribute:
        attributes.push(readAttribute(message.message(), depth))
        break
      case NODE.domain:
        texts.domain = message.string()
        break
      default:
        message.skip()
    }
  }
  if (texts.opType === '') throw new Error(`node ${texts.name} has no op_type`)
  const domain = texts.domain === 'ai.onnx' ? '' : texts.domain
  return { ...texts, domain, inputs, outputs, attributes: Object.fromEntries(attributes) }
}

interface AttributeFields {
  readonly f: number
  readonly i: number | bigint
  readonly s: string
  readonly t: Tensor | undefined
  readonly g: Graph | undefined
  readonly floats: readonly number[]
  readonly ints: readonly (number | bigint)[]
  readonly strings: readonly string[]
  readonly tensors: readonly Tensor[]
  readonly graphs: readonly Graph[]
}

function readAttribute(message: MessageReader, depth: number): [string, Attribute] {
  let name = ''
  let type = 0
  let [f, i, s]: [number, number | bigint, string] = [0, 0, '']
  let t: Tensor | undefined
  let g: Graph | undefined
  const floats: number[] = []
  const ints: (number | bigint)[] = []
  const strings: string[] = []
  const tensors: Tensor[] = []
  const graphs: Graph[] = []
  while (message.next()) {
    switch (message.field) {
      case ATTRIBUTE.name:
        name = message.string()
        break
      case ATTRIBUTE.type:
        type = message.safeInt()
        break
      case ATTRIBUTE.f:
        f = message.float()
        break
      case ATTRIBUTE.i:
        i = message.int()
        break
      case ATTRIBUTE.s:
        s = message.string()
        break
      case ATTRIBUTE.t:
        t = readTensor(message.message())
        break
      case ATTRIBUTE.g:
        g = readGraph(message.message(), depth + 1)
        break
      case ATTRIBUTE.floats:
        message.floats(floats)
        break
      case ATTRIBUTE.ints:
        message.ints(ints)
        break
      case ATTRIBUTE.strings:
        strings.push(message.string())
        break
      case ATTRIBUTE.tensors:
        tensors.push(readTensor(message.message()))
        break
      case ATTRIBUTE.graphs:
        graphs.push(readGraph(message.message(), depth + 1))
        break
      case ATTRIBUTE.refAttrName:
        throw new UserError('UNSUPPORTED', `attribute ${name}: expected a value, found a reference of a function`)
      default:
        message.skip()
    }
  }
  const make = ATTRIBUTES[type]
  if (make === undefined) {
    const known = Object.entries(ATTRIBUTE_TYPE).find(([, number]) => number === type)?.[0]
    if (known === undefined) throw new Error(`attribute ${name} has type number ${type}`)
    throw new UserError('UNSUPPORTED', `attribute ${name}: expected numbers, text, tensors or graphs, found ${known}`)
  }
  const attribute = make({ f, i, s, t, g, floats, ints, strings, tensors, graphs })
  if (attribute === undefined) throw new Error(`attribute ${name} has no value`)
  return [name, attribute]
}

const ATTRIBUTES: Readonly<Record<number, (fields: AttributeFields) => Attribute | undefined>> = {
  [ATTRIBUTE_TYPE.FLOAT]: ({ f }) => ({ type: 'FLOAT', value: f }),
  [ATTRIBUTE_TYPE.INT]: ({ i }) => (typeof i === 'number' ? { type: 'INT', value: i } : { type: 'BIG_INT', value: i }),
  [ATTRIBUTE_TYPE.STRING]: ({ s }) => ({ type: 'STRING', value: s }),
  [ATTRIBUTE_TYPE.TENSOR]: ({ t }) => (t === undefined ? undefined : { type: 'TENSOR', value: t }),
  [ATTRIBUTE_TYPE.GRAPH]: ({ g }) => (g === undefined ? undefined : { type: 'GRAPH', value: g }),
  [ATTRIBUTE_TYPE.FLOATS]: ({ floats }) => ({ type: 'FLOATS', value: floats }),
  [ATTRIBUTE_TYPE.INTS]: ({ ints }) =>
    ints.every((value) => typeof value === 'number')
      ? { type: 'INTS', value: ints }
      : { type: 'BIG_INTS', value: ints.map(BigInt) },
  [ATTRIBUTE_TYPE.STRINGS]: ({ strings }) => ({ type: 'STRINGS', value: strings }),
  [ATTRIBUTE_TYPE.TENSORS]: ({ tensors }) => ({ type: 'TENSORS', value: tensors }),
  [ATTRIBUTE_TYPE.GRAPHS]: ({ graphs }) => ({ type: 'GRAPHS', value: graphs }),
}

interface ReadValueInfo {
  readonly value: ValueInfo
  readonly isTensor: boolean
}

function required({ value, isTensor }: ReadValueInfo): ValueInfo {
  if (isTensor) return value
  throw new UserError('UNSUPPORTED', `value ${value.name}: expected a tensor, found a sequence, map or optional`)
}

function readValueInfo(message: MessageReader): ReadValueInfo {
  let name = ''
  let denotation = ''
  let isTensor = true
  let type: TensorType = { dataType: DataType.UNDEFINED, dims: undefined }
  while (message.next()) {
    if (message.field === VALUE_INFO.name) name = message.string()
    else if (message.field !== VALUE_INFO.type) message.skip()
    else {
      const inner = message.message()
      while (inner.next()) {
        if (inner.field === TYPE.tensorType) type = readTensorType(inner.message())
        else if (inner.field === TYPE.denotation) denotation = inner.string()
        else {
          isTensor &&= !OTHER_TYPES.has(inner.field)
          inner.skip()
        }
      }
    }
  }
  const { dataType, dims } = type
  const denotations = dims?.map((dim) => dim.denotation) ?? []
  const value: ValueInfo = {
    name,
    dataType,
    // A dimension that the file says nothing about gets a name of its own: it equals no other.
    shape: dims?.map(({ length }, axis) => length ?? `${name}_${axis}`) ?? [],
    ...(dims === undefined ? { unranked: true } : {}),
    ...(denotation === '' ? {} : { denotation }),
    ...(denotations.some((text) => text !== '') ? { dimensionDenotations: denotations } : {}),
  }
  return { value, isTensor }
}

const OTHER_TYPES: ReadonlySet<number> = new Set([
  TYPE.sequenceType,
  TYPE.mapType,
  TYPE.optionalType,
  TYPE.sparseTensorType,
])

interface ReadDimension {
  readonly length: Dimension | undefined
  readonly denotation: string
}

interface TensorType {
  readonly dataType: DataType
  /** undefined where the file gives no shape. */
  readonly dims: readonly ReadDimension[] | undefined
}

function readTensorType(message: MessageReader): TensorType {
  let dataType: DataType = DataType.UNDEFINED
  let dims: ReadDimension[] | undefined
  while (message.next()) {
    if (message.field === TENSOR_TYPE.elementType) dataType = dataTypeOf(message.safeInt(), 'value')
    else if (message.field === TENSOR_TYPE.shape) {
      dims = []
      const shape = message.message()
      while (shape.next()) {
        if (shape.field === TENSOR_SHAPE.dim) dims.push(readDimension(shape.message()))
        else shape.skip()
      }
    } else message.skip()
  }
  return { dataType, dims }
}

function readDimension(message: MessageReader): ReadDimension {
  let length: Dimension | undefined
  let denotation = ''
  while (message.next()) {
    if (message.field === DIMENSION.value) {
      const value = message.safeInt()
      // Some writers say -1 for a dimension that they do not know.
      length = value < 0 ? undefined : value
    } else if (message.field === DIMENSION.param) length = message.string() || undefined
    else if (message.field === DIMENSION.denotation) denotation = message.string()
    else message.skip()
  }
  return { length, denotation }
}
