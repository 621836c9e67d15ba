/**
 * The ONNX messages as plain values: what onnx.proto (IR version 8, onnx 1.12) calls ModelProto, GraphProto, NodeProto,
 * TensorProto, AttributeProto and ValueInfoProto, under the names of their fields in camel case. Training info, sparse
 * tensors, sequence, map and optional types, functions and quantization annotations are not represented.
 */

/** TensorProto.DataType, by name. */
export const DataType = {
  /** A value whose element type the file does not say. */
  UNDEFINED: 0,
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E4M3FNUZ: 18,
  FLOAT8E5M2: 19,
  FLOAT8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
} as const
export type DataType = (typeof DataType)[keyof typeof DataType]

/** A dimension: a known length, or the name of one that is known only at run time (`batch`). */
export type Dimension = number | string
export type Shape = readonly Dimension[]

/** A constant tensor. `data` holds the elements row-major and little-endian, as TensorProto.raw_data does. */
export interface Tensor {
  readonly name: string
  readonly dataType: DataType
  readonly dims: readonly number[]
  readonly data: Uint8Array
  /** The elements of a STRING tensor, whose `data` is empty; absent for every other data type. */
  readonly strings?: readonly string[]
}

/**
 * An attribute's value, tagged with AttributeProto.AttributeType: JavaScript's numbers alone can't tell 1 from 1.0. BIG_INT and
 * BIG_INTS are INT and INTS that hold an integer beyond ±2^53. Sparse tensors and types as attributes are not represented.
 */
export type Attribute =
  | { readonly type: 'INT'; readonly value: number }
  | { readonly type: 'BIG_INT'; readonly value: bigint }
  | { readonly type: 'FLOAT'; readonly value: number }
  | { readonly type: 'STRING'; readonly value: string }
  | { readonly type: 'TENSOR'; readonly value: Tensor }
  | { readonly type: 'GRAPH'; readonly value: Graph }
  | { readonly type: 'INTS'; readonly value: readonly number[] }
  | { readonly type: 'BIG_INTS'; readonly value: readonly bigint[] }
  | { readonly type: 'FLOATS'; readonly value: readonly number[] }
  | { readonly type: 'STRINGS'; readonly value: readonly string[] }
  | { readonly type: 'TENSORS'; readonly value: readonly Tensor[] }
  | { readonly type: 'GRAPHS'; readonly value: readonly Graph[] }

export type Attributes = Readonly<Record<string, Attribute>>

/** One operator call. An empty string among `inputs` or `outputs` stands for an optional one left out. */
export interface Node {
  readonly name: string
  readonly opType: string
  /** '' is the standard domain ai.onnx. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
}

/** The name, element type and shape of a value; `denotation` as in onnx's TypeDenotation (`IMAGE`). */
export interface ValueInfo {
  readonly name: string
  readonly dataType: DataType
  readonly shape: Shape
  /** Even how many dimensions there are is not known; `shape` is then empty, as a scalar's is. */
  readonly unranked?: true
  readonly denotation?: string
  /** DimensionDenotation, one a dimension (`DATA_BATCH`); '' where a dimension has none. */
  readonly dimensionDenotations?: readonly string[]
}

/** Nodes in topological order, and what flows in and out of them. */
export interface Graph {
  readonly name: string
  readonly docString: string
  readonly nodes: readonly Node[]
  readonly initializers: readonly Tensor[]
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly valueInfos: readonly ValueInfo[]
}

export interface Model {
  readonly irVersion: number
  /** Operator-set versions by domain; '' is ai.onnx. */
  readonly opsets: Readonly<Record<string, number>>
  readonly producerName: string
  readonly producerVersion: string
  readonly domain: string
  readonly modelVersion: number
  readonly docString: string
  readonly graph: Graph
  readonly metadata: Readonly<Record<string, string>>
}
