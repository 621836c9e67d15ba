/** What every layer over [N, …spatial, C] shares: its input as [N, C, …spatial], whatever the layer's data_format. */
import type { Value } from '../../graph/builder.js'
import type { Shape } from '../../onnx/model.js'
import { channelsFirstFeature, type Feature, plainFeature } from '../feature.js'
import type { LayerCall } from '../layer-call.js'

export interface SpatialInput {
  /** [N, C, …spatial] */
  readonly x: Value
  readonly channels: number
  readonly spatial: Shape
  /** A result [N, C, …spatial] as the layer's output, in the axes that tfjs gives it. */
  output(y: Value): Feature
}

/** The one input of a layer with `rank` spatial axes; by default its data_format says where the channels are. */
export function spatialInput(call: LayerCall, rank: number, channelsLast = call.config.channelsLast()): SpatialInput {
  const feature = call.input()
  const found = call.shape(feature)
  if (found.length !== rank + 2) {
    throw call.config.invalid('input', `rank ${rank + 2}`, `shape [${found.join(', ')}]`)
  }
  const x = channelsLast ? call.channelsFirst(feature) : call.plain(feature)
  const [, channels, ...spatial] = x.shape
  if (typeof channels !== 'number') throw call.config.invalid('input', 'a known number of channels', String(channels))
  return { x, channels, spatial, output: channelsLast ? channelsFirstFeature : plainFeature }
}
