/**
 * Field numbers of the ONNX messages, by the names of onnx.proto (onnx 1.12, IR version 8; proto2 syntax: repeated numbers are
 * packed only where noted). Fields that this package neither reads nor writes are left out.
 */

export const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  domain: 4,
  modelVersion: 5,
  docString: 6,
  graph: 7,
  opsetImport: 8,
  metadataProps: 14,
  functions: 25,
} as const

export const OPERATOR_SET = { domain: 1, version: 2 } as const

export const STRING_ENTRY = { key: 1, value: 2 } as const

export const GRAPH = {
  node: 1,
  name: 2,
  initializer: 5,
  docString: 10,
  input: 11,
  output: 12,
  valueInfo: 13,
  sparseInitializer: 15,
} as const

export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const

export const ATTRIBUTE = {
  name: 1,
  f: 2,
  i: 3,
  s: 4,
  t: 5,
  g: 6,
  floats: 7,
  ints: 8,
  strings: 9,
  tensors: 10,
  graphs: 11,
  type: 20,
  refAttrName: 21,
} as const

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
  TENSORS: 9,
  GRAPHS: 10,
  SPARSE_TENSOR: 11,
  SPARSE_TENSORS: 12,
  TYPE_PROTO: 13,
  TYPE_PROTOS: 14,
} as const

export const TENSOR = {
  dims: 1,
  dataType: 2,
  segment: 3,
  /** Packed. */
  floatData: 4,
  /** Packed; also INT16, INT8, UINT16, UINT8, BOOL and the types of 16 bits and fewer, each as its bits. */
  int32Data: 5,
  stringData: 6,
  /** Packed. */
  int64Data: 7,
  name: 8,
  rawData: 9,
  /** Packed. */
  doubleData: 10,
  /** Packed; also UINT32. */
  uint64Data: 11,
  externalData: 13,
  dataLocation: 14,
} as const

/** TensorProto.DataLocation. */
export const DATA_LOCATION_EXTERNAL = 1

export const VALUE_INFO = { name: 1, type: 2 } as const

export const TYPE = {
  tensorType: 1,
  sequenceType: 4,
  mapType: 5,
  denotation: 6,
  sparseTensorType: 8,
  optionalType: 9,
} as const

export const TENSOR_TYPE = { elementType: 1, shape: 2 } as const

export const TENSOR_SHAPE = { dim: 1 } as const

export const DIMENSION = { value: 1, param: 2, denotation: 3 } as const
