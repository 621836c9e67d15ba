/** Activation functions, by the names that tfjs-layers 4.22 saves (activations.ts there), and the layers that apply one. */
import type { GraphBuilder, Value } from '../../graph/builder.js'
import {
  add,
  clip,
  div,
  elu,
  erf,
  exp,
  hardSigmoid,
  leakyRelu,
  logSoftmax,
  mul,
  pow,
  prelu,
  reduceLogSumExp,
  relu,
  selu,
  sigmoid,
  softmax,
  softplus,
  softsign,
  sub,
  tanh,
  thresholdedRelu,
} from '../../graph/ops/index.js'
import { axisOf, channelsFirstOrder, type Feature, plainFeature } from '../feature.js'
import type { LayerCall, LayerHandler } from '../layer-call.js'
import { type LayerConfig, snakeCase } from '../layer-config.js'
import { isObject } from '../topology.js'
import { sameLayout, transposedLayout } from '../weight-binding.js'

type Pointwise = (g: GraphBuilder, x: Value) => Value

const swish: Pointwise = (g, x) => mul(g, x, sigmoid(g, x))

/** Functions of one element: they hold in any layout. */
const POINTWISE: Readonly<Record<string, Pointwise>> = {
  linear: (_, x) => x,
  relu,
  relu6: (g, x) => clip(g, x, g.scalar(0, 'min'), g.scalar(6, 'max')),
  sigmoid,
  tanh,
  elu: (g, x) => elu(g, x),
  selu: (g, x) => selu(g, x),
  softplus,
  softsign,
  // max(0, min(1, 0.2 x + 0.5)): ONNX's defaults are Keras's constants.
  hard_sigmoid: (g, x) => hardSigmoid(g, x, { alpha: 0.2, beta: 0.5 }),
  swish,
  // Keras's names and functions that tfjs does not have.
  silu: swish,
  exponential: exp,
  leaky_relu: (g, x) => leakyRelu(g, x, { alpha: 0.2 }),
  mish: (g, x) => mul(g, x, tanh(g, softplus(g, x))),
  // x Φ(x) = x/2 (1 + erf(x / √2))
  gelu: (g, x) => {
    const erfOf = erf(g, div(g, x, g.scalar(Math.SQRT2, 'sqrt2')))
    return mul(g, x, mul(g, add(g, erfOf, g.scalar(1, 'one')), g.scalar(0.5, 'half')))
  },
  // x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))
  gelu_new: (g, x) => {
    const cubic = mul(g, pow(g, x, g.scalar(3, 'three')), g.scalar(0.044715, 'cubic'))
    const inner = mul(g, add(g, x, cubic), g.scalar(Math.sqrt(2 / Math.PI), 'sqrt_2_over_pi'))
    return mul(g, x, mul(g, add(g, tanh(g, inner), g.scalar(1, 'one')), g.scalar(0.5, 'half')))
  },
}

/** Functions over the last axis of tfjs's tensor. */
const ALONG_LAST_AXIS: Readonly<Record<string, (g: GraphBuilder, x: Value, options: { axis: number }) => Value>> = {
  softmax: (g, x, options) => softmax(g, x, options),
  log_softmax: (g, x, options) => logSoftmax(g, x, options),
}

/** Applies the layer's `activation`, if it has one. */
export function withActivation(call: LayerCall, feature: Feature): Feature {
  const apply = activationOf(call.config, 'activation', 'linear')
  return { ...feature, value: apply(call.g, feature.value, axisOf(feature, -1)) }
}

/** An activation function; `lastAxis` is where the value has tfjs's last axis. */
export type ActivationFunction = (g: GraphBuilder, x: Value, lastAxis: number) => Value

/** The activation function that the configuration names under `key`. */
export function activationOf(config: LayerConfig, key: string, fallback: string): ActivationFunction {
  const name = activationName(config, key, fallback)
  const pointwise = own(POINTWISE, name)
  if (pointwise !== undefined) return pointwise
  const along = own(ALONG_LAST_AXIS, name)
  if (along !== undefined) return (g, x, axis) => along(g, x, { axis })
  const known = [...Object.keys(POINTWISE), ...Object.keys(ALONG_LAST_AXIS)].join(', ')
  throw config.unsupported(`${key}, expected one of ${known}, found ${name}`)
}

/** The name of an activation, in snake_case; it may be saved as `{ class_name, config }`. */
export function activationName(config: LayerConfig, key: string, fallback: string): string {
  const value = config.get(key) ?? fallback
  const name = isObject(value) ? (value.class_name ?? value.className) : value
  if (typeof name !== 'string') throw config.invalid(key, 'a name', value)
  return snakeCase(name)
}

/** A name from a file may be `constructor`. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** A layer that computes each element by itself, in whatever layout its input has. */
export function elementwise(apply: (call: LayerCall, x: Value) => Value): LayerHandler {
  return (call) => {
    const feature = call.input()
    return { ...feature, value: apply(call, feature.value) }
  }
}

/** tfjs's ReLU layer: max_value clips. The other options of Keras's are not tfjs's. */
const reluLayer = elementwise(({ g, config }, x) => {
  const max = config.get('max_value') === undefined ? undefined : config.number('max_value')
  return max === undefined ? relu(g, x) : clip(g, x, g.scalar(0, 'min'), g.scalar(max, 'max'))
})

/** tfjs's Softmax layer: its axis is 1 by default (advanced_activations.ts), where Keras has -1. */
const softmaxLayer: LayerHandler = (call) => {
  const { config, g } = call
  if (call.mask !== undefined) throw config.unsupported('a mask, expected none: tfjs adds it along the wrong axes')
  const input = call.input()
  const feature = input.layout.kind === 'flattened' ? plainFeature(call.plain(input)) : input
  const rank = feature.value.shape.length
  const given = config.get('axis') ?? 1
  const list = Array.isArray(given) ? given : [given]
  const valid = list.every((axis) => Number.isInteger(axis) && Number(axis) >= -rank && Number(axis) < rank)
  if (!valid || list.length === 0) throw config.invalid('axis', `axes of a rank ${rank} tensor`, given)
  const axes = (list as number[]).map((axis) => axisOf(feature, axis))
  if (axes.length === 1) return { ...feature, value: softmax(g, feature.value, { axis: axes[0] ?? 0 }) }
  // exp(x − log Σ exp(x)) over all the axes together.
  return { ...feature, value: exp(g, sub(g, feature.value, reduceLogSumExp(g, feature.value, { axes }))) }
}

/** PReLU: one slope for each element but along `shared_axes` (from 1), where they have length 1. */
const preluLayer: LayerHandler = (call) => {
  const { config, g } = call
  const input = call.input()
  const feature = input.layout.kind === 'flattened' ? plainFeature(call.plain(input)) : input
  const shared = config.get('shared_axes') === undefined ? [] : config.integers('shared_axes')
  const shape = call
    .shape(feature)
    .slice(1)
    .map((dim, index) => {
      if (shared.includes(index + 1)) return 1
      if (typeof dim === 'number') return dim
      throw config.invalid('input', 'a known size along every axis that is not shared', dim)
    })
  const order = channelsFirstOrder(shape.length + 1)
    .slice(1)
    .map((axis) => axis - 1)
  const layout = feature.layout.kind === 'channels-first' ? transposedLayout(shape, order) : sameLayout(shape)
  return { ...feature, value: prelu(g, feature.value, call.weight('alpha', { as: 'weight', shape, layout })) }
}

export const ACTIVATION_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  Activation: (call) => withActivation(call, call.input()),
  ReLU: reluLayer,
  LeakyReLU: elementwise(({ g, config }, x) =>
    leakyRelu(g, x, { alpha: config.number('alpha', config.number('negative_slope', 0.3)) }),
  ),
  PReLU: preluLayer,
  ELU: elementwise(({ g, config }, x) => elu(g, x, { alpha: config.number('alpha', 1) })),
  ThresholdedReLU: elementwise(({ g, config }, x) => thresholdedRelu(g, x, { alpha: config.number('theta', 1) })),
  Softmax: softmaxLayer,
}
