/** The table layer class → handler. A new layer is one entry in its family's file; a new family is one line here. */
import { ACTIVATION_HANDLERS } from './handlers/activations.js'
import { CONVOLUTION_HANDLERS } from './handlers/convolution.js'
import { CORE_HANDLERS } from './handlers/core.js'
import { IMAGE_HANDLERS } from './handlers/image.js'
import { MERGE_HANDLERS } from './handlers/merge.js'
import { NORMALIZATION_HANDLERS } from './handlers/normalization.js'
import { POOLING_HANDLERS } from './handlers/pooling.js'
import type { LayerHandler } from './layer-call.js'

/** Handlers of tfjs-layers' own classes, and of ours. */
export const LAYER_HANDLERS: Readonly<Record<string, LayerHandler>> = {
  ...CORE_HANDLERS,
  ...ACTIVATION_HANDLERS,
  ...CONVOLUTION_HANDLERS,
  ...POOLING_HANDLERS,
  ...NORMALIZATION_HANDLERS,
  ...MERGE_HANDLERS,
  ...IMAGE_HANDLERS,
}
