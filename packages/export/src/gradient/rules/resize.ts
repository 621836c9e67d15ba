/**
 * Gradient of Resize. Resizing is linear in the picture, axis by axis: y = A x along each, where row o of A [out, in] holds what
 * output o takes of each input. So dx = Aᵀ dy, with A written out once as a constant.
 */
import { UserError } from '../../errors.js'
import { stringAttribute } from '../../graph/attributes.js'
import type { GraphBuilder, Value } from '../../graph/builder.js'
import { matMul, transpose } from '../../graph/ops/index.js'
import type { Node } from '../../onnx/model.js'
import { floatTensor, floatValues } from '../../onnx/tensor.js'
import { type GradientCall, type GradientRule, operand, result } from '../rule.js'

interface AxisResize {
  readonly input: number
  readonly output: number
  /** output / input, or what the node gives. */
  readonly scale: number
}

export const resize: GradientRule = (call) => {
  const { g, dy } = call
  const x = operand(call, 0)
  const scales = givenScales(call)
  let gradient = dy
  for (const [axis, input] of x.shape.entries()) {
    const output = result(call).shape[axis]
    if (input === output) continue
    if (typeof input !== 'number' || typeof output !== 'number') throw unsupported(call.node, 'a dynamic size')
    const matrix = sampling(call.node, { input, output, scale: scales?.[axis] ?? output / input })
    gradient = alongAxis(g, gradient, { axis, matrix, input, output })
  }
  return [gradient]
}

function givenScales({ inputs }: GradientCall): Float32Array | undefined {
  const scales = inputs[2]?.constant
  return inputs[3] !== undefined || scales === undefined || scales.data.length === 0 ? undefined : floatValues(scales)
}

/** Σₒ dy[…, o, …] A[o, i] */
function alongAxis(
  g: GraphBuilder,
  dy: Value,
  { axis, matrix, input, output }: { axis: number; matrix: Float32Array; input: number; output: number },
): Value {
  const a = g.constant(floatTensor('sampling', [output, input], matrix))
  const last = dy.shape.length - 1
  if (axis === last) return matMul(g, dy, a)
  const perm = dy.shape.map((_, index) => (index === axis ? last : index === last ? axis : index))
  return transpose(g, matMul(g, transpose(g, dy, { perm }), a), { perm })
}

/** A, row-major. The coordinate of output o: Resize of the specification (opset 13), `coordinate_transformation_mode`. */
function sampling(node: Node, { input, output, scale }: AxisResize): Float32Array {
  const by = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel')
  const coordinate = COORDINATES[by]
  const mode = stringAttribute(node, 'mode', 'nearest')
  if (coordinate === undefined) throw unsupported(node, `coordinate_transformation_mode ${by}`)
  if (mode !== 'nearest' && mode !== 'linear') throw unsupported(node, `mode ${mode}`)
  const inside = (index: number): number => Math.min(Math.max(index, 0), input - 1)
  const matrix = new Float32Array(output * input)
  for (let o = 0; o < output; o++) {
    const at = coordinate(o, { input, output, scale })
    const row = o * input
    if (mode === 'nearest') {
      matrix[row + inside(nearest(node, at))] = 1
      continue
    }
    const below = Math.floor(at)
    // Beyond the edge both neighbours are the edge's pixel, and their shares add up.
    for (const [index, share] of [
      [inside(below), below + 1 - at],
      [inside(below + 1), at - below],
    ] as const) {
      matrix[row + index] = (matrix[row + index] as number) + share
    }
  }
  return matrix
}

const COORDINATES: Readonly<Record<string, (o: number, axis: AxisResize) => number>> = {
  half_pixel: (o, { scale }) => (o + 0.5) / scale - 0.5,
  pytorch_half_pixel: (o, { output, scale }) => (output > 1 ? (o + 0.5) / scale - 0.5 : 0),
  align_corners: (o, { input, output }) => (output === 1 ? 0 : (o * (input - 1)) / (output - 1)),
  asymmetric: (o, { scale }) => o / scale,
}

function nearest(node: Node, at: number): number {
  const mode = stringAttribute(node, 'nearest_mode', 'round_prefer_floor')
  const round = NEAREST[mode]
  if (round === undefined) throw unsupported(node, `nearest_mode ${mode}`)
  return round(at)
}

const NEAREST: Readonly<Record<string, (at: number) => number>> = {
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
}

function unsupported(node: Node, what: string): UserError {
  return new UserError('UNSUPPORTED', `node ${node.name}: expected a Resize with a gradient rule, found ${what}`)
}
