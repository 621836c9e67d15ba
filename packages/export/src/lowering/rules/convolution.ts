/** Conv and its two gradients with the batch last, each by the algorithm of its geometry. */

import { forwardGeometry, GRADIENT_DOMAIN, geometryOf, type WindowGeometry } from '../../gradient/composite.js'
import type { Value } from '../../graph/builder.js'
import type { Convolution } from '../convolution.js'
import { type ConvolutionAlgorithm, convolutionAlgorithm } from '../convolution-algorithm.js'
import { batchLast, type LoweringCall, type LoweringRule, original } from '../rule.js'
import { directConvolution, directInputGradient } from './direct-convolution.js'
import { directFilterGradient } from './direct-filter-gradient.js'
import { pointwiseConvolution, pointwiseFilterGradient, pointwiseInputGradient } from './pointwise-convolution.js'
import { toomCookConvolution, toomCookFilterGradient, toomCookInputGradient } from './toom-cook-convolution.js'

interface Algorithm {
  /** w [O, C, kh, kw], bias [O] or undefined → y */
  readonly forward: (convolution: Convolution, tensors: { x: Value; w: Value; b: Value | undefined }) => Value
  /** → dx [C, H, W, N] */
  readonly inputGradient: (convolution: Convolution, tensors: { dy: Value; w: Value }) => Value
  /** → dw [O, C, kh, kw] */
  readonly filterGradient: (convolution: Convolution, tensors: { x: Value; dy: Value }) => Value
}

const ALGORITHMS: Readonly<Record<ConvolutionAlgorithm['kind'], Algorithm>> = {
  direct: { forward: directConvolution, inputGradient: directInputGradient, filterGradient: directFilterGradient },
  pointwise: {
    forward: pointwiseConvolution,
    inputGradient: pointwiseInputGradient,
    filterGradient: pointwiseFilterGradient,
  },
  'toom-cook': {
    forward: toomCookConvolution,
    inputGradient: toomCookInputGradient,
    filterGradient: toomCookFilterGradient,
  },
}

const conv: LoweringRule = (call) => {
  const { type, node } = call
  if (!call.isBatched(0)) return undefined
  const geometry = forwardGeometry(node, { name: '', ...type(0) }, type(1).shape.slice(2))
  const plan = planned(call, geometry, { y: call.outputShape, w: type(1).shape })
  if (plan === undefined) return undefined
  const b = call.hasInput(2) ? call.original(2) : undefined
  return batchLast(plan.algorithm.forward(plan.convolution, { x: call.batchLast(0), w: call.original(1), b }))
}

const inputGradient: LoweringRule = (call) => {
  const plan = planned(call, geometryOf(call.node), { y: call.type(0).shape, w: call.type(1).shape })
  if (plan === undefined) return undefined
  return batchLast(plan.algorithm.inputGradient(plan.convolution, { dy: call.batchLast(0), w: call.original(1) }))
}

const filterGradient: LoweringRule = (call) => {
  const plan = planned(call, geometryOf(call.node), { y: call.type(1).shape, w: call.outputShape })
  if (plan === undefined) return undefined
  return original(plan.algorithm.filterGradient(plan.convolution, { x: call.batchLast(0), dy: call.batchLast(1) }))
}

/** The algorithm for a layer's geometry, or undefined where its shapes are not all known or it has none. */
function planned(
  call: LoweringCall,
  geometry: WindowGeometry,
  { y, w }: { y: readonly (number | string)[]; w: readonly (number | string)[] },
): { algorithm: Algorithm; convolution: Convolution } | undefined {
  const [, , ...outputSize] = y
  const [filters, channels] = w
  if (![...outputSize, filters, channels].every((dim) => typeof dim === 'number')) return undefined
  const shape = { ...geometry, channels: channels as number, filters: filters as number }
  const chosen = convolutionAlgorithm(shape)
  if (chosen === undefined) return undefined
  const m = chosen.kind === 'toom-cook' ? chosen.m : 1
  const convolution = { ...shape, call, batch: call.batch, outputSize: outputSize as number[], m }
  return { algorithm: ALGORITHMS[chosen.kind], convolution }
}

export const CONVOLUTION_LOWERINGS: Readonly<Record<string, LoweringRule>> = {
  Conv: conv,
  [`${GRADIENT_DOMAIN}.ConvInputGradient`]: inputGradient,
  [`${GRADIENT_DOMAIN}.ConvFilterGradient`]: filterGradient,
}
