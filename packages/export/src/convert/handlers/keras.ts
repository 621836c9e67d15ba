/**
 * Layers of Keras 2.15 that tfjs-layers 4.22 does not have, so that the tfjs converter writes models which TensorFlow.js cannot load:
 * EfficientNet begins with Normalization. What they compute is Keras's own definition.
 */
import type { Value } from '../../graph/builder.js'
import { div, max, relu, sigmoid, sqrt, sub, tanh } from '../../graph/ops/index.js'
import { floatTensor } from '../../onnx/tensor.js'
import { plainFeature } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'
import { elementwise as ofEachElement } from './activations.js'
import { identityOutside } from './core.js'
import { elementwise, MERGE_HANDLERS } from './merge.js'

/** Keras's backend.epsilon(), the least standard deviation. */
const EPSILON = 1e-7

/** (x - mean) / max(√variance, ε), the statistics given in the configuration or learned, for each place along `axis`. */
const normalization: LayerHandler = (call) => {
  const { g, config } = call
  if (config.boolean('invert', false)) throw config.unsupported('invert, expected false, found true')
  const x = call.plain(call.input())
  const rank = x.shape.length
  const axes = config.isNull('axis') ? [] : [config.get('axis') ?? -1].flat()
  const [axis, ...others] = axes.map((each) => (typeof each === 'number' && each < 0 ? each + rank : each))
  if (others.length > 0 || (axis !== undefined && axis !== rank - 1)) {
    throw config.invalid('axis', 'null, or the last axis alone', axes)
  }
  const deviation = max(g, sqrt(g, statistic(call, 'variance')), g.scalar(EPSILON, 'epsilon'))
  return plainFeature(div(g, sub(g, x, statistic(call, 'mean')), deviation))
}

/** From the configuration, else from the weights. */
function statistic({ g, config, weight, weightShape }: LayerCall, name: 'mean' | 'variance'): Value {
  const given = config.get(name)
  if (given === undefined) return weight(name, { as: name, shape: weightShape(name) ?? [] })
  const list: readonly unknown[] = Array.isArray(given) ? given.flat(3) : [given]
  if (!list.every((value): value is number => typeof value === 'number')) throw config.invalid(name, 'numbers', given)
  return g.constant(floatTensor(name, list.length === 1 ? [] : [list.length], list))
}

/** A function of two tensors, which broadcasts as ONNX does; a merge layer does too where the ranks are one. */
function ofTwo(layer: LayerHandler): LayerHandler {
  return (call) => {
    const ranks = new Set(call.inputs.map(({ value }) => value.shape.length))
    if (call.inputs.length !== 2 || ranks.size !== 1) {
      throw call.config.unsupported('other than two tensors of one rank; make it a layer')
    }
    return layer(call)
  }
}

const subtract = elementwise((g, [a, b, ...others]) => {
  if (a === undefined || b === undefined || others.length > 0) throw new Error('Subtract: expected two inputs')
  return sub(g, a, b)
})

const identity = identityOutside('an augmentation')

export const KERAS_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  Normalization: normalization,
  Subtract: subtract,
  'keras.ops.Add': ofTwo(MERGE_HANDLERS.Add as LayerHandler),
  'keras.ops.Subtract': ofTwo(subtract),
  'keras.ops.Multiply': ofTwo(MERGE_HANDLERS.Multiply as LayerHandler),
  'keras.ops.Relu': ofEachElement(({ g }, x) => relu(g, x)),
  'keras.ops.Sigmoid': ofEachElement(({ g }, x) => sigmoid(g, x)),
  'keras.ops.Tanh': ofEachElement(({ g }, x) => tanh(g, x)),
  SpatialDropout2D: identityOutside('dropout of whole channels'),
  SpatialDropout3D: identityOutside('dropout of whole channels'),
  ActivityRegularization: ({ input }) => input(),
  RandomFlip: identity,
  RandomRotation: identity,
  RandomTranslation: identity,
  RandomZoom: identity,
  RandomContrast: identity,
  RandomBrightness: identity,
}
