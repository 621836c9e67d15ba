/** Normalisation, softmax and dropout. */
import { DataType } from '../../onnx/model.js'
import { tensor } from '../../onnx/tensor.js'
import { float, type GraphBuilder, int, type Value } from '../builder.js'

export interface BatchNormalizationInputs {
  /** [N, C, …] */
  readonly x: Value
  /** [C], as the other three. */
  readonly scale: Value
  readonly bias: Value
  readonly mean: Value
  readonly variance: Value
}

/** In inference form: scale (x - mean) / √(variance + epsilon) + bias. */
export function batchNormalization(
  g: GraphBuilder,
  { x, scale, bias, mean, variance }: BatchNormalizationInputs,
  { epsilon = 1e-5, momentum = 0.9 } = {},
): Value {
  return g.op('BatchNormalization', [x, scale, bias, mean, variance], {
    attributes: { epsilon: float(epsilon), momentum: float(momentum) },
  })
}

/** scale (x - mean) / √(variance + epsilon) + bias, over the axes from `axis` on; scale and bias have those axes' lengths. */
export const layerNormalization = (
  g: GraphBuilder,
  [x, scale, bias]: readonly [Value, Value, (Value | undefined)?],
  { axis = -1, epsilon = 1e-5 } = {},
): Value => g.op('LayerNormalization', [x, scale, bias], { attributes: { axis: int(axis), epsilon: float(epsilon) } })

export const softmax = (g: GraphBuilder, x: Value, { axis = -1 } = {}): Value =>
  g.op('Softmax', [x], { attributes: { axis: int(axis) } })

export const logSoftmax = (g: GraphBuilder, x: Value, { axis = -1 } = {}): Value =>
  g.op('LogSoftmax', [x], { attributes: { axis: int(axis) } })

/** The identity unless `training` (a BOOL scalar) is true. */
export const dropout = (g: GraphBuilder, x: Value, ratio: Value, training?: Value): Value =>
  g.op('Dropout', [x, ratio, training])

/** A BOOL scalar. */
export const bool = (g: GraphBuilder, value: boolean, name = 'bool'): Value =>
  g.constant(tensor(name, DataType.BOOL, [], Uint8Array.of(value ? 1 : 0)))
