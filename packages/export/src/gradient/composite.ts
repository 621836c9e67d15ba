/**
 * Composite gradient operators: what the gradient rules emit where one meaning has several formulations. They keep the
 * meaning in one node of an internal domain until an expansion chooses: `portable` writes standard operators for any
 * runtime, `../lowering` what is fastest on a given CPU. No file ever holds one.
 *
 * Windows are given as on the forward node (`kernel_shape`, `strides`, `pads`, `dilations`, `group`), with `input_size`, the
 * spatial lengths of the forward node's input.
 */

import { UserError } from '../errors.js'
import { intAttribute, intsAttribute } from '../graph/attributes.js'
import { type GraphBuilder, int, ints, type Value } from '../graph/builder.js'
import { required } from '../graph/inference/expect.js'
import { windowOf } from '../graph/inference/window.js'
import type { InferenceRule, InferenceRules } from '../graph/shape-inference.js'
import type { Dimension, Node, Shape } from '../onnx/model.js'
import { BATCH_NORMALIZATION_INFERENCE } from './batch-normalization.js'
import { GRADIENT_DOMAIN } from './domain.js'
import { DROPOUT_INFERENCE } from './dropout.js'

export { GRADIENT_DOMAIN } from './domain.js'

/** A window and what it slid over. */
export interface WindowGeometry {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  /** [begin…, end…] */
  readonly pads: readonly number[]
  readonly dilations: readonly number[]
  readonly group: number
  /** Spatial lengths of the forward input. */
  readonly inputSize: readonly number[]
  /** AveragePool: whether padded zeros count. */
  readonly countIncludePad: boolean
}

/** dy [N, M, …], w [M, C/group, …] → dx [N, C, …] */
export function convInputGradient(g: GraphBuilder, dy: Value, w: Value, geometry: WindowGeometry): Value {
  return composite(g, 'ConvInputGradient', [dy, w], geometry)
}

/** x [N, C, …], dy [N, M, …] → dw [M, C/group, …] */
export function convFilterGradient(g: GraphBuilder, x: Value, dy: Value, geometry: WindowGeometry): Value {
  return composite(g, 'ConvFilterGradient', [x, dy], geometry)
}

/** dy [N, C, …] → dx [N, C, …] */
export function averagePoolGradient(g: GraphBuilder, dy: Value, geometry: WindowGeometry): Value {
  return composite(g, 'AveragePoolGradient', [dy], geometry)
}

/** x [N, C, …] and y, its pool, and dy → dx: each window's gradient goes to the first of its largest. */
export function maxPoolGradient(
  g: GraphBuilder,
  [x, y, dy]: readonly [Value, Value, Value],
  geometry: WindowGeometry,
): Value {
  return composite(g, 'MaxPoolGradient', [x, y, dy], geometry)
}

/** dy where y > 0, else 0: y is ReLU's output. */
export function reluGradient(g: GraphBuilder, y: Value, dy: Value): Value {
  return g.op('ReluGradient', [y, dy], { domain: GRADIENT_DOMAIN })
}

/** The geometry that the rules above wrote into a composite node. */
export function geometryOf(node: Node): WindowGeometry {
  const kernel = intsAttribute(node, 'kernel_shape') ?? []
  return {
    ...windowOf(node, kernel),
    kernel,
    group: intAttribute(node, 'group', 1),
    inputSize: intsAttribute(node, 'input_size') ?? [],
    countIncludePad: intAttribute(node, 'count_include_pad', 0) === 1,
  }
}

/** The geometry of a forward Conv or pool whose input is `x`; `kernel` where the node itself does not say it. */
export function forwardGeometry(node: Node, x: Value, kernel?: Shape): WindowGeometry {
  const given = intsAttribute(node, 'kernel_shape') ?? kernel?.map((dim) => known(node, dim, 'kernel')) ?? []
  if (intAttribute(node, 'ceil_mode', 0) === 1) {
    const remedy = 'pad explicitly instead'
    throw new UserError(
      'UNSUPPORTED',
      `node ${node.name}: ${node.opType} with ceil_mode has no gradient rule: ${remedy}`,
    )
  }
  return {
    ...windowOf(node, given),
    group: intAttribute(node, 'group', 1),
    inputSize: x.shape.slice(2).map((dim) => known(node, dim, 'input')),
    countIncludePad: intAttribute(node, 'count_include_pad', 0) === 1,
  }
}

function known(node: Node, dim: Dimension, what: string): number {
  if (typeof dim === 'number') return dim
  const remedy = `give the model's input its size`
  throw new UserError(
    'UNSUPPORTED',
    `node ${node.name}: ${node.opType}'s gradient needs a known ${what} size, found ${dim}: ${remedy}`,
  )
}

function composite(g: GraphBuilder, opType: string, inputs: readonly Value[], geometry: WindowGeometry): Value {
  const { kernel, strides, pads, dilations, group, inputSize, countIncludePad } = geometry
  const attributes = {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    pads: ints(pads),
    dilations: ints(dilations),
    group: int(group),
    input_size: ints(inputSize),
    count_include_pad: countIncludePad ? int(1) : undefined,
  }
  return g.op(opType, inputs, { domain: GRADIENT_DOMAIN, attributes })
}

const convInput: InferenceRule = (node, inputs) => {
  const dy = required(node, inputs, 0)
  const w = required(node, inputs, 1)
  const { group, inputSize } = geometryOf(node)
  const channels = known(node, w.shape[1] as Dimension, 'channel') * group
  return [{ dataType: dy.dataType, shape: [dy.shape[0] as Dimension, channels, ...inputSize] }]
}

const convFilter: InferenceRule = (node, inputs) => {
  const x = required(node, inputs, 0)
  const dy = required(node, inputs, 1)
  const { group, kernel } = geometryOf(node)
  const channels = known(node, x.shape[1] as Dimension, 'channel') / group
  return [{ dataType: x.dataType, shape: [dy.shape[1] as Dimension, channels, ...kernel] }]
}

const averagePool: InferenceRule = (node, inputs) => {
  const dy = required(node, inputs, 0)
  return [{ dataType: dy.dataType, shape: [...dy.shape.slice(0, 2), ...geometryOf(node).inputSize] }]
}

const likeFirst: InferenceRule = (node, inputs) => {
  const { dataType, shape } = required(node, inputs, 0)
  return [{ dataType, shape }]
}

export const COMPOSITE_RULES: InferenceRules = Object.fromEntries(
  Object.entries({
    ConvInputGradient: convInput,
    ConvFilterGradient: convFilter,
    AveragePoolGradient: averagePool,
    MaxPoolGradient: likeFirst,
    ReluGradient: likeFirst,
    ...BATCH_NORMALIZATION_INFERENCE,
    ...DROPOUT_INFERENCE,
  }).map(([opType, rule]) => [`${GRADIENT_DOMAIN}.${opType}`, rule]),
)
