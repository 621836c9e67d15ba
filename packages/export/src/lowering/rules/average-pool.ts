/** Means over windows and over whole maps, with the batch last. */
import { forwardGeometry, GRADIENT_DOMAIN, geometryOf } from '../../gradient/composite.js'
import { averagePool as averagePoolOp, expand, mul, pad, reduceMean, reshape } from '../../graph/ops/index.js'
import { batchLast, type LoweringRule } from '../rule.js'

/** The batch is a third spatial axis, along which windows have length 1. */
const averagePool: LoweringRule = (call) => {
  const { g, node } = call
  if (!call.isBatched(0) || call.type(0).shape.length !== 4) return undefined
  const { kernel, strides, pads, dilations, countIncludePad } = forwardGeometry(node, { name: '', ...call.type(0) })
  if (dilations.some((dilation) => dilation !== 1)) return undefined
  const [top = 0, left = 0, bottom = 0, right = 0] = pads
  const x = call.batchLast(0)
  const y = averagePoolOp(g, reshape(g, x, g.int64s([1, ...(x.shape as number[])], 'picture')), {
    kernelShape: [...kernel, 1],
    strides: [...strides, 1],
    pads: [top, left, 0, bottom, right, 0],
    countIncludePad: countIncludePad ? 1 : 0,
  })
  const [, ...rest] = call.outputShape as number[]
  return batchLast(reshape(g, y, g.int64s([...rest, call.batch], 'shape')))
}

/** Windows side by side: [C, H, W, N] → [C, H, 1, W, 1, N] → [C, H, kh, W, kw, N] → [C, H kh, W kw, N], zeros where no window was. */
const averagePoolGradient: LoweringRule = (call) => {
  const { g } = call
  const { kernel, strides, pads, inputSize } = geometryOf(call.node)
  const tiles = kernel.every((length, axis) => length === strides[axis]) && pads.every((length) => length === 0)
  if (!call.isBatched(0) || kernel.length !== 2 || !tiles) return undefined
  const dy = call.batchLast(0)
  const [channels, height, width, batch] = dy.shape as [number, number, number, number]
  const [kh = 1, kw = 1] = kernel
  const share = mul(g, dy, g.scalar(1 / (kh * kw), 'share'))
  const open = reshape(g, share, g.int64s([channels, height, 1, width, 1, batch], 'open'))
  const grown = expand(g, open, g.int64s([channels, height, kh, width, kw, batch], 'grown'))
  const joined = reshape(g, grown, g.int64s([channels, height * kh, width * kw, batch], 'joined'))
  const rest = [(inputSize[0] as number) - height * kh, (inputSize[1] as number) - width * kw]
  if (rest.every((length) => length === 0)) return batchLast(joined)
  return batchLast(pad(g, joined, g.int64s([0, 0, 0, 0, 0, ...rest, 0], 'pads')))
}

/** [C, H, W, N] → [C, 1, 1, N] */
const globalAveragePool: LoweringRule = (call) => {
  const { g } = call
  if (!call.isBatched(0)) return undefined
  const x = call.batchLast(0)
  const [channels, ...rest] = x.shape as [number, ...number[]]
  const spatial = rest.slice(0, -1)
  const positions = spatial.reduce((product, length) => product * length, 1)
  const flat = reshape(g, x, g.int64s([channels, positions, call.batch], 'flat'))
  const mean = reduceMean(g, flat, { axes: [1], keepdims: 0 })
  return batchLast(reshape(g, mean, g.int64s([channels, ...spatial.map(() => 1), call.batch], 'shape')))
}

export const AVERAGE_POOL_LOWERINGS: Readonly<Record<string, LoweringRule>> = {
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  [`${GRADIENT_DOMAIN}.AveragePoolGradient`]: averagePoolGradient,
}
