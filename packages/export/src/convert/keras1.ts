/**
 * Layers as Keras 1 wrote them (keras-team/keras 1.2.2, keras/layers), under the names of Keras 2: those are what the handlers read, and
 * tfjs alone. Not read: the split weights of Keras 1's recurrent layers, kernels in Theano's order, Merge by a function.
 */
import { UserError } from '../errors.js'
import type { Json, JsonObject } from './topology.js'

interface Layer {
  readonly className: string
  readonly config: JsonObject
}

const CLASSES: Readonly<Record<string, string>> = {
  Convolution1D: 'Conv1D',
  Convolution2D: 'Conv2D',
  Convolution3D: 'Conv3D',
  AtrousConvolution1D: 'Conv1D',
  AtrousConvolution2D: 'Conv2D',
  Deconvolution2D: 'Conv2DTranspose',
  SeparableConvolution2D: 'SeparableConv2D',
}

/** What a Merge became, by its mode. */
const MERGES: Readonly<Record<string, string>> = {
  sum: 'Add',
  mul: 'Multiply',
  ave: 'Average',
  max: 'Maximum',
  concat: 'Concatenate',
}

const KEYS: Readonly<Record<string, string>> = {
  nb_filter: 'filters',
  filter_length: 'kernel_size',
  subsample: 'strides',
  subsample_length: 'strides',
  border_mode: 'padding',
  atrous_rate: 'dilation_rate',
  bias: 'use_bias',
  p: 'rate',
  sigma: 'stddev',
  inner_activation: 'recurrent_activation',
  pool_length: 'pool_size',
  stride: 'strides',
  dim_ordering: 'data_format',
  concat_axis: 'axis',
  output_dim: 'units',
}

const DATA_FORMATS: Readonly<Record<string, string>> = { tf: 'channels_last', th: 'channels_first' }

/** Keras 1's names of a weight, by Keras 2's. */
export const KERAS_1_WEIGHTS: Readonly<Record<string, string>> = {
  kernel: 'W',
  bias: 'b',
  embeddings: 'W',
  gamma: 'gamma',
  beta: 'beta',
  moving_mean: 'running_mean',
  moving_variance: 'running_std',
}

/** The layer in Keras 2's words; one that is in them already stays as it is. @throws UserError UNSUPPORTED for what Keras 2 gave up. */
export function inKeras2({ className, config }: Layer): Layer {
  if (className === 'BatchNormalization' && typeof config.mode === 'number' && config.mode !== 0) {
    const where = `layer ${String(config.name)} (${className})`
    throw new UserError('UNSUPPORTED', `${where}: mode, expected 0 as Keras 2 has it, found ${config.mode}`)
  }
  const values = Object.entries(config)
  const isOld = (key: string): boolean =>
    Object.hasOwn(KEYS, key) && !(key === 'output_dim' && className === 'Embedding')
  const isOldClass = className === 'Merge' || Object.hasOwn(CLASSES, className)
  if (!isOldClass && !values.some(([key]) => isOld(key))) return { className, config }
  // Under both names: a user's own layer may have a key that Keras 1 had. A newer name that is there counts.
  const renamed: Record<string, Json> = { ...kernelSize(config), ...config }
  for (const [key, value] of values) {
    const name = isOld(key) ? (KEYS[key] as string) : key
    if (!Object.hasOwn(renamed, name)) renamed[name] = key === 'dim_ordering' ? dataFormat(value) : value
  }
  return { className: modernClass(className, config), config: renamed }
}

function modernClass(className: string, { mode }: JsonObject): string {
  if (className === 'Merge' && typeof mode === 'string' && Object.hasOwn(MERGES, mode)) return MERGES[mode] as string
  return Object.hasOwn(CLASSES, className) ? (CLASSES[className] as string) : className
}

function dataFormat(value: Json): Json {
  return typeof value === 'string' && Object.hasOwn(DATA_FORMATS, value) ? (DATA_FORMATS[value] as string) : value
}

/** nb_row and nb_col of two axes, kernel_dim1 to 3 of three. */
function kernelSize(config: JsonObject): { kernel_size?: Json } {
  const sizes = [config.nb_row ?? config.kernel_dim1, config.nb_col ?? config.kernel_dim2, config.kernel_dim3]
  const given = sizes.filter((size) => size !== undefined)
  return given.length === 0 ? {} : { kernel_size: given }
}
