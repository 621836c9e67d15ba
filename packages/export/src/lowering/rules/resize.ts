/**
 * Bilinear resizing with half-pixel centres is linear along each axis: y = R x Rᵀ with rows of two weights, so with the batch last it
 * is two matrix products. Source of the coordinates: the operator Resize, ai.onnx opset 13, half_pixel: x = (i + ½) in / out - ½.
 */
import { stringAttribute } from '../../graph/attributes.js'
import { matMul, reshape } from '../../graph/ops/index.js'
import { floatTensor } from '../../onnx/tensor.js'
import { batchLast, type LoweringRule } from '../rule.js'

const resize: LoweringRule = (call) => {
  const { g, node } = call
  const mode = stringAttribute(node, 'mode', 'nearest')
  const coordinates = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel')
  const [, ...target] = call.outputShape
  const known = call.isBatched(0) && target.length === 3 && target.every((dim) => typeof dim === 'number')
  if (!known || mode !== 'linear' || coordinates !== 'half_pixel') return undefined
  const [channels, height, width] = call.type(0).shape.slice(1) as [number, number, number]
  const [channels2, height2, width2] = target as [number, number, number]
  if (channels !== channels2) return undefined
  const rows = g.constant(floatTensor('rows', [height2, height], interpolation(height, height2)))
  const columns = g.constant(floatTensor('columns', [width2, width], interpolation(width, width2)))
  const x = reshape(g, call.batchLast(0), g.int64s([channels, height, width * call.batch], 'by_row'))
  const down = matMul(g, rows, x)
  const across = matMul(g, columns, reshape(g, down, g.int64s([channels * height2, width, call.batch], 'by_column')))
  return batchLast(reshape(g, across, g.int64s([channels, height2, width2, call.batch], 'shape')))
}

/** [to, from], row-major: row i holds the weights of the two neighbours of its coordinate; beyond the edge the edge counts. */
function interpolation(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from)
  for (let row = 0; row < to; row++) {
    const coordinate = Math.min(Math.max(((row + 0.5) * from) / to - 0.5, 0), from - 1)
    const below = Math.floor(coordinate)
    const above = Math.min(below + 1, from - 1)
    const weight = coordinate - below
    matrix[row * from + below] = (matrix[row * from + below] as number) + 1 - weight
    matrix[row * from + above] = (matrix[row * from + above] as number) + weight
  }
  return matrix
}

export const RESIZE_LOWERINGS: Readonly<Record<string, LoweringRule>> = { Resize: resize }
