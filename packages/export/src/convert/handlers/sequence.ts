/** Layers that begin a sequence: Embedding and Masking, which also say which of its steps count (tfjs-layers 4.22). */
import { cast, equal, gather, mul, not, reduceMax, squeeze } from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
import { tensor } from '../../onnx/tensor.js'
import { plainFeature } from '../feature.js'
import type { LayerHandler } from '../layer-call.js'

/** […] of tokens → […, output_dim]. tfjs casts what is no integer: towards zero, as ONNX does. */
const embedding: LayerHandler = (call) => {
  const { g, config } = call
  const tokens = cast(g, call.plain(call.input()), DataType.INT32)
  const shape = [config.size('input_dim'), config.size('output_dim')]
  const table = call.weight('embeddings', { as: 'weight', shape })
  const feature = plainFeature(gather(g, table, tokens, { axis: 0 }))
  if (!config.boolean('mask_zero', false)) return feature
  const zero = g.constant(tensor('zero', DataType.INT32, [], Int32Array.of(0)))
  return { ...feature, mask: not(g, equal(g, tokens, zero)) }
}

/** A step of which every number is `mask_value` is set to zero and does not count. */
const masking: LayerHandler = (call) => {
  const { g, config } = call
  const x = call.plain(call.input())
  if (x.shape.length < 2) throw config.invalid('input', 'rank 2 at least', x.shape.length)
  const differs = not(g, equal(g, x, g.scalar(config.number('mask_value', 0), 'mask_value')))
  // The greatest of zeros and ones is 1 where any number differs.
  const counts = reduceMax(g, cast(g, differs, DataType.FLOAT), { axes: [x.shape.length - 1] })
  const mask = cast(g, squeeze(g, counts, [x.shape.length - 1]), DataType.BOOL)
  return { ...plainFeature(mul(g, x, counts)), mask }
}

export const SEQUENCE_HANDLERS: Readonly<Record<string, LayerHandler>> = { Embedding: embedding, Masking: masking }
