/**
 * Masks: which time steps of a sequence count. tfjs makes one in Masking and in Embedding with mask_zero, passes it along beside the
 * tensors, and uses it in recurrent layers. Two of its habits are followed here:
 *
 * - The mask is an entry of one object of arguments that all the calls of a model share (executor.ts): once a layer was given a
 *   mask, each later one is given it too, until another takes its place, whether its own input has one or not.
 * - Of a layer's masks, the first is that of all its outputs.
 */
import type { Value } from '../graph/builder.js'
import type { Feature } from './feature.js'
import { LayerConfig } from './layer-config.js'
import type { LayerDescription } from './topology.js'

/** [N, T] BOOL, true where the step counts; `unusable` where tfjs has a tensor there with which no layer could work. */
export type Mask = Value | 'unusable'

/** The arguments that tfjs shares between the calls of a model. */
export interface SharedArguments {
  mask?: Mask | undefined
}

/** Layers with `supportsMasking` that hand on the mask of their input. */
const HAND_ON = new Set([
  ...['ReLU', 'PReLU', 'Activation', 'Dense', 'Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout'],
  ...['AlphaDropout', 'BatchNormalization', 'LayerNormalization', 'TimeDistributed'],
])

/** Recurrent layers hand it on with their sequences. */
const RECURRENT = new Set(['SimpleRNN', 'LSTM', 'GRU', 'RNN', 'ConvLSTM2D', 'Bidirectional'])

/** tfjs combines the masks of these in shapes that no layer takes (merge.ts). */
const MERGES = new Set(['Add', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate'])

/** Layers whose handlers make a mask. */
const MAKERS = new Set(['Masking', 'Embedding'])

/** What the layer's outputs have for a mask; `own` is what its handler says. */
export function outputMask(
  { name, className, config }: LayerDescription,
  inputs: readonly Feature[],
  own: Mask | undefined,
): Mask | undefined {
  const [first] = inputs
  if (MAKERS.has(className)) return own
  if (HAND_ON.has(className)) return first?.mask
  if (MERGES.has(className)) return inputs.some(({ mask }) => mask !== undefined) ? 'unusable' : undefined
  if (!RECURRENT.has(className)) return undefined
  const inner = config.layer
  const holder = className === 'Bidirectional' && isRecord(inner) && isRecord(inner.config) ? inner.config : config
  return new LayerConfig(className, name, holder).boolean('return_sequences', false) ? first?.mask : undefined
}

function isRecord(value: LayerDescription['config'][string] | undefined): value is LayerDescription['config'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
