/** The table layer class → handler. A new layer is one entry in its family's file; a new family is one line here. */
import { ACTIVATION_HANDLERS } from './handlers/activations.js'
import { categoryEncoding } from './handlers/category-encoding.js'
import { CONVOLUTION_HANDLERS } from './handlers/convolution.js'
import { CORE_HANDLERS } from './handlers/core.js'
import { IMAGE_HANDLERS } from './handlers/image.js'
import { KERAS_HANDLERS } from './handlers/keras.js'
import { MERGE_HANDLERS } from './handlers/merge.js'
import { NORMALIZATION_HANDLERS } from './handlers/normalization.js'
import { POOLING_HANDLERS } from './handlers/pooling.js'
import { RECURRENT_HANDLERS } from './handlers/recurrent.js'
import { SEQUENCE_HANDLERS } from './handlers/sequence.js'
import { TRANSPOSED_CONVOLUTION_HANDLERS } from './handlers/transposed-convolution.js'
import { WRAPPER_HANDLERS } from './handlers/wrappers.js'
import type { LayerHandler } from './layer-call.js'

/** A layer that no graph can compute as tfjs does. */
function refused(reason: string): LayerHandler {
  return ({ config }) => {
    throw config.unsupported(reason)
  }
}

/** Handlers of tfjs-layers' own classes, of Keras's that it lacks, and of ours. */
export const LAYER_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  ...CORE_HANDLERS,
  ...ACTIVATION_HANDLERS,
  ...CONVOLUTION_HANDLERS,
  ...POOLING_HANDLERS,
  ...NORMALIZATION_HANDLERS,
  ...MERGE_HANDLERS,
  ...IMAGE_HANDLERS,
  ...TRANSPOSED_CONVOLUTION_HANDLERS,
  ...SEQUENCE_HANDLERS,
  ...RECURRENT_HANDLERS,
  ...WRAPPER_HANDLERS,
  ...KERAS_HANDLERS,
  CategoryEncoding: categoryEncoding,
  RandomWidth: refused('it draws a random width at every call; leave it out of the model to be converted'),
  RandomHeight: refused('it draws a random height at every call; leave it out of the model to be converted'),
}
