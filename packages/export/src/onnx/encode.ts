/**
 * Model → the bytes of an .onnx file: ModelProto of onnx.proto (IR version 8), tensors as raw_data. Nothing is sorted or
 * normalised: equal models give equal bytes. A model of 2 GiB or more would need external data, which is not written.
 */
import { UserError } from '../errors.js'
import { tensorBytes } from './deferred-tensor.js'
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DIMENSION,
  GRAPH,
  MODEL,
  NODE,
  OPERATOR_SET,
  STRING_ENTRY,
  TENSOR,
  TENSOR_SHAPE,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './fields.js'
import { joined, MessageWriter, type Pieces } from './message-writer.js'
import {
  type Attribute,
  DataType,
  type Dimension,
  type Graph,
  type Model,
  type Node,
  type Tensor,
  type ValueInfo,
} from './model.js'
import { byteLength } from './tensor.js'

/** protobuf's own limit of a message. */
const MAX_BYTES = 2 ** 31 - 1

/** The bytes of `model`; besides them, no copy of a tensor is made. @throws UserError UNSUPPORTED from 2 GiB up. */
export function encodeModel(model: Model): Uint8Array {
  return joined(encodedPieces(model))
}

/** The same bytes in pieces, of which the tensors' are their own memory or not made yet: for a writer that can do without the whole. */
export function encodedPieces(model: Model): Pieces {
  const pieces = modelProto(model)
  if (pieces.length > MAX_BYTES) {
    const found = `${pieces.length} bytes: external data would be needed, which is not written`
    throw new UserError('UNSUPPORTED', `model ${model.graph.name}: expected less than 2 GiB, found ${found}`)
  }
  return pieces
}

function modelProto(model: Model): Pieces {
  const writer = new MessageWriter()
    .int(MODEL.irVersion, model.irVersion)
    .string(MODEL.producerName, model.producerName)
    .string(MODEL.producerVersion, model.producerVersion)
    .string(MODEL.domain, model.domain)
    .int(MODEL.modelVersion, model.modelVersion)
    .string(MODEL.docString, model.docString)
    .message(MODEL.graph, graphProto(model.graph))
  for (const [domain, version] of Object.entries(model.opsets)) {
    const entry = new MessageWriter().string(OPERATOR_SET.domain, domain).int(OPERATOR_SET.version, version)
    writer.message(MODEL.opsetImport, entry.finish())
  }
  for (const [key, value] of Object.entries(model.metadata)) {
    const entry = new MessageWriter().strings(STRING_ENTRY.key, [key]).strings(STRING_ENTRY.value, [value])
    writer.message(MODEL.metadataProps, entry.finish())
  }
  return writer.finish()
}

function graphProto(graph: Graph): Pieces {
  const writer = new MessageWriter()
  for (const node of graph.nodes) writer.message(GRAPH.node, nodeProto(node))
  writer.string(GRAPH.name, graph.name)
  for (const tensor of graph.initializers) writer.message(GRAPH.initializer, tensorProto(tensor))
  writer.string(GRAPH.docString, graph.docString)
  for (const info of graph.inputs) writer.message(GRAPH.input, valueInfoProto(info))
  for (const info of graph.outputs) writer.message(GRAPH.output, valueInfoProto(info))
  for (const info of graph.valueInfos) writer.message(GRAPH.valueInfo, valueInfoProto(info))
  return writer.finish()
}

function nodeProto({ inputs, outputs, name, opType, attributes, domain }: Node): Pieces {
  const writer = new MessageWriter()
    .strings(NODE.input, inputs)
    .strings(NODE.output, outputs)
    .string(NODE.name, name)
    .string(NODE.opType, opType)
  for (const [key, attribute] of Object.entries(attributes)) {
    writer.message(NODE.attribute, attributeProto(key, attribute))
  }
  return writer.string(NODE.domain, domain).finish()
}

function attributeProto(name: string, attribute: Attribute): Pieces {
  const writer = new MessageWriter().string(ATTRIBUTE.name, name)
  // The type goes last, where the field numbers put it; a value is written even where it is 0 or empty.
  return attributeValue(writer, attribute).int(ATTRIBUTE.type, ATTRIBUTE_TYPE[wireType(attribute)]).finish()
}

function wireType({ type }: Attribute): keyof typeof ATTRIBUTE_TYPE {
  return type === 'BIG_INT' ? 'INT' : type === 'BIG_INTS' ? 'INTS' : type
}

function attributeValue(writer: MessageWriter, attribute: Attribute): MessageWriter {
  switch (attribute.type) {
    case 'FLOAT':
      return writer.float(ATTRIBUTE.f, attribute.value)
    case 'INT':
    case 'BIG_INT':
      return writer.int(ATTRIBUTE.i, attribute.value)
    case 'STRING':
      return writer.strings(ATTRIBUTE.s, [attribute.value])
    case 'TENSOR':
      return writer.message(ATTRIBUTE.t, tensorProto(attribute.value))
    case 'GRAPH':
      return writer.message(ATTRIBUTE.g, graphProto(attribute.value))
    case 'FLOATS':
      return writer.floats(ATTRIBUTE.floats, attribute.value)
    case 'INTS':
    case 'BIG_INTS':
      return writer.ints(ATTRIBUTE.ints, attribute.value)
    case 'STRINGS':
      return writer.strings(ATTRIBUTE.strings, attribute.value)
    case 'TENSORS':
      for (const tensor of attribute.value) writer.message(ATTRIBUTE.tensors, tensorProto(tensor))
      return writer
    case 'GRAPHS':
      for (const graph of attribute.value) writer.message(ATTRIBUTE.graphs, graphProto(graph))
      return writer
  }
}

function tensorProto(tensor: Tensor): Pieces {
  const { name, dataType, dims, strings } = tensor
  const data = tensorBytes(tensor)
  const expected = byteLength(dataType, dims)
  if (dataType !== DataType.STRING && data.byteLength !== expected) {
    throw new Error(`internal: tensor ${name}: [${dims}] of data type ${dataType}, found ${data.byteLength} bytes`)
  }
  const writer = new MessageWriter().ints(TENSOR.dims, dims).int(TENSOR.dataType, dataType)
  if (dataType === DataType.STRING) writer.strings(TENSOR.stringData, strings ?? [])
  writer.string(TENSOR.name, name)
  return (dataType === DataType.STRING ? writer : writer.bytes(TENSOR.rawData, data)).finish()
}

function valueInfoProto({
  name,
  dataType,
  shape,
  unranked,
  denotation = '',
  dimensionDenotations = [],
}: ValueInfo): Pieces {
  const tensorType = new MessageWriter()
  if (dataType !== DataType.UNDEFINED) tensorType.int(TENSOR_TYPE.elementType, dataType)
  if (unranked !== true) tensorType.message(TENSOR_TYPE.shape, shapeProto(shape, dimensionDenotations))
  const value = new MessageWriter().string(VALUE_INFO.name, name)
  // ONNX Runtime takes a value without a type, and refuses one whose type says nothing.
  if (dataType === DataType.UNDEFINED && unranked === true && denotation === '') return value.finish()
  const type = new MessageWriter().message(TYPE.tensorType, tensorType.finish()).string(TYPE.denotation, denotation)
  return value.message(VALUE_INFO.type, type.finish()).finish()
}

function shapeProto(shape: readonly Dimension[], denotations: readonly string[]): Pieces {
  const writer = new MessageWriter()
  for (const [axis, dim] of shape.entries()) {
    const dimension = new MessageWriter()
    if (typeof dim === 'number') dimension.int(DIMENSION.value, dim)
    else dimension.string(DIMENSION.param, dim)
    writer.message(TENSOR_SHAPE.dim, dimension.string(DIMENSION.denotation, denotations[axis] ?? '').finish())
  }
  return writer.finish()
}
