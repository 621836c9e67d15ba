/**
 * Dense layers' weights of 4 bits in blocks: x · W → MatMulNBits(x, q, scales) of com.microsoft, which multiplies without unpacking the
 * whole weight first. The bias is added by a node of its own.
 */
import { floatAttribute, intAttribute } from '../graph/attributes.js'
import type { Graph, Node, Tensor } from '../onnx/model.js'
import { DataType } from '../onnx/model.js'
import { elementCount, floatTensor, floatValues, tensor } from '../onnx/tensor.js'
import { quantizedBlocks } from './blocks.js'
import type { Names } from './names.js'
import { withoutUnused } from './rewrite.js'
import { constantsOf, isFiniteWeight } from './weights.js'

/** Below, a layer costs more accuracy than bytes: it is left to 8 bits. */
const FEWEST_ELEMENTS = 16_384

export const MICROSOFT = 'com.microsoft'

export interface Int4Options {
  readonly names: Names
  /** Weights that share a scale: a power of two from 16 to 256. */
  readonly blockSize: number
}

/** The graph, and the names of the nodes that were rewritten. */
export function int4Dense(graph: Graph, options: Int4Options): { readonly graph: Graph; readonly rewritten: number } {
  const constants = constantsOf(graph)
  const packed = new Map<string, readonly [Tensor, Tensor]>()
  let rewritten = 0
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const weight = denseWeight(node, constants)
    if (weight === undefined) return [node]
    const key = `${weight.transposed} ${weight.tensor.name}`
    const [values, scales] = packed.get(key) ?? packedWeight(weight, options)
    packed.set(key, [values, scales])
    rewritten++
    return nbits(node, { weight, values, scales, ...options })
  })
  const initializers = [...graph.initializers, ...[...packed.values()].flat()]
  return { graph: withoutUnused({ ...graph, nodes, initializers }), rewritten }
}

interface DenseWeight {
  readonly tensor: Tensor
  /** Whether it is [N, K] rather than [K, N]. */
  readonly transposed: boolean
  readonly n: number
  readonly k: number
}

/** Of a product that is x · W + bias and no more. */
function denseWeight(node: Node, constants: ReadonlyMap<string, Tensor>): DenseWeight | undefined {
  const weight = constants.get(node.inputs[1] ?? '')
  if (weight === undefined || node.domain !== '' || !(node.opType === 'Gemm' || node.opType === 'MatMul'))
    return undefined
  if (weight.dataType !== DataType.FLOAT || weight.dims.length !== 2) return undefined
  if (elementCount(weight.dims) < FEWEST_ELEMENTS || !isFiniteWeight(weight)) return undefined
  const plain =
    floatAttribute(node, 'alpha', 1) === 1 &&
    floatAttribute(node, 'beta', 1) === 1 &&
    intAttribute(node, 'transA', 0) === 0
  if (!plain) return undefined
  const [rows, columns] = weight.dims as [number, number]
  const transposed = intAttribute(node, 'transB', 0) === 1
  return { tensor: weight, transposed, n: transposed ? rows : columns, k: transposed ? columns : rows }
}

/** Values UINT8 [N, blocks, blockSize / 2], scales FLOAT [N, blocks]. */
function packedWeight(
  { tensor: weight, transposed, n, k }: DenseWeight,
  { names, blockSize }: Int4Options,
): readonly [Tensor, Tensor] {
  const source = floatValues(weight)
  const { values, scales } = quantizedBlocks(transposed ? source : turned(source, k, n), { columns: k, blockSize })
  const blocks = Math.ceil(k / blockSize)
  return [
    tensor(names.add(`${weight.name}.int4`), DataType.UINT8, [n, blocks, blockSize / 2], values),
    floatTensor(names.add(`${weight.name}.scale`), [n, blocks], scales),
  ]
}

/** [rows, columns] -> [columns, rows] */
function turned(source: Float32Array, rows: number, columns: number): Float32Array {
  const target = new Float32Array(source.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      target[column * rows + row] = source[row * columns + column] as number
  }
  return target
}

interface Packed extends Int4Options {
  readonly weight: DenseWeight
  readonly values: Tensor
  readonly scales: Tensor
}

function nbits(node: Node, { weight: { n, k }, values, scales, names, blockSize }: Packed): readonly Node[] {
  const [input = '', , bias = ''] = node.inputs
  const product = bias === '' ? node.outputs : [names.add(`${node.name}.product`)]
  const multiply: Node = {
    name: bias === '' ? node.name : names.add(`${node.name}/MatMulNBits`),
    opType: 'MatMulNBits',
    domain: MICROSOFT,
    inputs: [input, values.name, scales.name],
    outputs: product,
    attributes: {
      K: { type: 'INT', value: k },
      N: { type: 'INT', value: n },
      bits: { type: 'INT', value: 4 },
      block_size: { type: 'INT', value: blockSize },
    },
  }
  if (bias === '') return [multiply]
  return [multiply, { ...node, opType: 'Add', inputs: [product[0] as string, bias], attributes: {} }]
}
