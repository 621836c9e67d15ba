/** CategoryEncoding: tokens to a vector of counts or flags (tfjs-layers 4.22, preprocessing/category_encoding.ts). */
import { cast, identity, oneHot, reduceMax, reduceSum, unsqueeze } from '../../graph/ops/index.js'
import { DataType } from '../../onnx/model.js'
import { floatTensor, int64Tensor } from '../../onnx/tensor.js'
import { plainFeature } from '../feature.js'
import type { LayerHandler } from '../layer-call.js'

/** [N] or [N, tokens] → [N, num_tokens]. tfjs refuses a token from num_tokens on; a graph has zeros for it. */
export const categoryEncoding: LayerHandler = (call) => {
  const { g, config } = call
  const modes = ['multi_hot', 'one_hot', 'count', 'int'] as const
  const mode = config.choice('output_mode', modes, 'multi_hot')
  const tokens = cast(g, call.plain(call.input()), DataType.INT32)
  if (mode === 'int') return plainFeature(identity(g, tokens))
  const rank = tokens.shape.length
  const single = mode === 'one_hot' && rank === 2 && tokens.shape[1] !== 1
  if (rank > 2 || single)
    throw config.invalid('input', `what ${mode} takes, [N] or [N, 1]`, `[${tokens.shape.join(', ')}]`)
  const indices = cast(g, rank === 2 ? tokens : unsqueeze(g, tokens, [1]), DataType.INT64)
  const depth = g.constant(int64Tensor('depth', [], [config.size('num_tokens')]))
  const flags = oneHot(g, indices, depth, g.constant(floatTensor('off_on', [2], [0, 1]))) // [N, tokens, num_tokens]
  const reduce = mode === 'count' ? reduceSum : reduceMax
  return plainFeature(reduce(g, flags, { axes: [1], keepdims: 0 }))
}
