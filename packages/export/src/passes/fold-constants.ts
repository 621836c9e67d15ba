/**
 * f(constants) → the constant that it is: operators of which every input is an initializer are computed here, in double precision,
 * and rounded once. A result of more than a kilobyte that is larger than the inputs together stays: it would make the file larger.
 */
import { transposed } from '../convert/transpose.js'
import { intAttribute, intsAttribute } from '../graph/attributes.js'
import { broadcast } from '../graph/dimension.js'
import { DataType, type Node, type Tensor } from '../onnx/model.js'
import { elementCount, floatTensor, floatValues, int64Values } from '../onnx/tensor.js'
import type { GraphEdit } from './graph-edit.js'
import { eachNode, type Pass } from './pass.js'

export const foldConstants: Pass = {
  name: 'fold-constants',
  rewrite: 'an operator of constants → its result',
  order: 'before the folds into a Conv, which want their numbers as constants',
  keepsWeights: false,
  run: eachNode(fold),
}

/** Bytes that a result may always have. */
const SMALL = 1024

type Evaluate = (node: Node, inputs: readonly Tensor[]) => Tensor | undefined

function fold(edit: GraphEdit, node: Node): boolean | string {
  const evaluate = node.domain === '' && Object.hasOwn(OPERATORS, node.opType) ? OPERATORS[node.opType] : undefined
  if (evaluate === undefined || node.inputs.length === 0 || node.outputs.length !== 1) return false
  const inputs = node.inputs.map((name) => edit.constant(name))
  if (!inputs.every((input) => input !== undefined)) return false
  const [output = ''] = node.outputs
  if (edit.isOutput(output)) return `it gives the graph's output ${output}`
  const result = evaluate(node, inputs)
  if (result === undefined) return 'its types or its options are not computed here'
  const bytes = inputs.reduce((sum, { data }) => sum + data.byteLength, 0)
  if (result.data.byteLength > Math.max(bytes, SMALL))
    return `its result of ${result.data.byteLength} bytes is larger than its inputs`
  const name = edit.add({ ...result, name: output.replace(/\.out\d*$/, '.folded') })
  edit.redirect(output, name)
  edit.remove(node)
  return true
}

/** By element, with broadcasting. */
function elementwise(compute: (a: number, b: number) => number): Evaluate {
  return ({ name }, [a, b]) => {
    if (a === undefined || b === undefined || !isFloat(a) || !isFloat(b)) return undefined
    const dims = broadcast(a.dims, b.dims) as number[]
    const [left, right] = [floatValues(a), floatValues(b)]
    const [leftAt, rightAt] = [broadcastIndex(a.dims, dims), broadcastIndex(b.dims, dims)]
    const values = Float32Array.from({ length: elementCount(dims) }, (_, index) =>
      compute(left[leftAt(index)] as number, right[rightAt(index)] as number),
    )
    return floatTensor(name, dims, values)
  }
}

/** Where element `index` of a tensor of `dims` lies in one of `from` that was broadcast to it. */
function broadcastIndex(from: readonly number[], dims: readonly number[]): (index: number) => number {
  const missing = dims.length - from.length
  return (index) => {
    let rest = index
    let position = 0
    let step = 1
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const length = dims[axis] as number
      const own = axis < missing ? 1 : (from[axis - missing] as number)
      if (own !== 1) position += (rest % length) * step
      rest = Math.floor(rest / length)
      step *= own
    }
    return position
  }
}

function unary(compute: (x: number) => number): Evaluate {
  return ({ name }, [x]) =>
    x !== undefined && isFloat(x) ? floatTensor(name, x.dims, floatValues(x).map(compute)) : undefined
}

/** The same elements under other dimensions. */
function redimensioned(
  dimsOf: (node: Node, dims: readonly number[], given: readonly number[]) => readonly number[],
): Evaluate {
  return (node, [x, shape]) => {
    if (x === undefined || (shape !== undefined && shape.dataType !== DataType.INT64)) return undefined
    const dims = dimsOf(node, x.dims, shape === undefined ? [] : int64Values(shape))
    return elementCount(dims) === elementCount(x.dims) ? { ...x, dims } : undefined
  }
}

function reshaped(node: Node, dims: readonly number[], target: readonly number[]): readonly number[] {
  if (intAttribute(node, 'allowzero', 0) !== 0) return []
  const kept = target.map((length, axis) => (length === 0 ? (dims[axis] ?? 0) : length))
  const known = kept.filter((length) => length !== -1).reduce((product, length) => product * length, 1)
  return kept.map((length) => (length === -1 ? elementCount(dims) / known : length))
}

function unsqueezed(_: Node, dims: readonly number[], axes: readonly number[]): readonly number[] {
  const rank = dims.length + axes.length
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)))
  const rest = [...dims]
  return Array.from({ length: rank }, (_unused, axis) => (added.has(axis) ? 1 : (rest.shift() ?? 0)))
}

function squeezed(_: Node, dims: readonly number[], axes: readonly number[]): readonly number[] {
  const gone = new Set(axes.map((axis) => (axis < 0 ? axis + dims.length : axis)))
  return dims.filter((length, axis) => (axes.length === 0 ? length !== 1 : !gone.has(axis)))
}

const concat: Evaluate = (node, parts) => {
  const [first] = parts
  if (first === undefined) return undefined
  const given = intAttribute(node, 'axis', 0)
  const axis = given < 0 ? given + first.dims.length : given
  const width = bytesPerElement(first)
  if (width === undefined || parts.some(({ dataType }) => dataType !== first.dataType)) return undefined
  const dims = first.dims.with(
    axis,
    parts.reduce((sum, part) => sum + (part.dims[axis] ?? 0), 0),
  )
  const outer = elementCount(dims.slice(0, axis))
  const data = new Uint8Array(elementCount(dims) * width)
  let offset = 0
  for (let row = 0; row < outer; row++) {
    for (const part of parts) {
      const length = part.data.byteLength / outer
      data.set(part.data.subarray(row * length, (row + 1) * length), offset)
      offset += length
    }
  }
  return { name: node.name, dataType: first.dataType, dims, data }
}

/** Bytes of the types whose elements are whole bytes and known here. */
function bytesPerElement({ dataType }: Tensor): number | undefined {
  if (dataType === DataType.FLOAT || dataType === DataType.INT32) return 4
  return dataType === DataType.INT64 ? 8 : undefined
}

const transpose: Evaluate = (node, [x]) => {
  const perm = intsAttribute(node, 'perm')
  if (x === undefined || perm === undefined || !isFloat(x)) return undefined
  return floatTensor(
    node.name,
    perm.map((axis) => x.dims[axis] ?? 0),
    transposed(floatValues(x), x.dims, perm),
  )
}

const OPERATORS: Readonly<Record<string, Evaluate>> = {
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Sqrt: unary(Math.sqrt),
  Neg: unary((x) => -x),
  Reciprocal: unary((x) => 1 / x),
  Identity: (_, [x]) => x,
  Reshape: redimensioned(reshaped),
  Unsqueeze: redimensioned(unsqueezed),
  Squeeze: redimensioned(squeezed),
  Concat: concat,
  Transpose: transpose,
}

function isFloat({ dataType }: Tensor): boolean {
  return dataType === DataType.FLOAT
}
