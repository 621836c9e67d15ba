/**
 * Symmetric 8-bit weights with one scale an output channel: w ≈ scale · q, q whole from -limit to limit. The scale is the channel's
 * largest magnitude / limit: at 8 bits a clipped outlier costs more than the finer steps gain.
 */
import { DataType, type Tensor } from '../onnx/model.js'
import { elementCount, floatTensor, floatValues, tensor } from '../onnx/tensor.js'

export interface QuantizedChannels {
  /** INT8, dims as the weight's. */
  readonly values: Tensor
  /** FLOAT [channels]. */
  readonly scales: Tensor
}

export interface ChannelOptions {
  readonly axis: number
  /** The largest magnitude of a quantised value: 127, or 63 for 7 bits. */
  readonly limit: number
  /** Names of the two tensors. */
  readonly names: { readonly values: string; readonly scales: string }
}

export function quantizedChannels(weight: Tensor, { axis, limit, names }: ChannelOptions): QuantizedChannels {
  const source = floatValues(weight)
  // Row-major: [outer, channels, inner].
  const channels = weight.dims[axis] as number
  const inner = elementCount(weight.dims.slice(axis + 1))
  const scales = new Float32Array(channels)
  const channelAt = (index: number): number => Math.floor(index / inner) % channels
  for (let start = 0; start < source.length; start += inner) {
    const channel = channelAt(start)
    let largest = scales[channel] as number
    for (let index = start; index < start + inner; index++) {
      const magnitude = Math.abs(source[index] as number)
      if (magnitude > largest) largest = magnitude
    }
    scales[channel] = largest
  }
  // A channel of zeros has any scale but zero.
  for (let channel = 0; channel < channels; channel++) scales[channel] = (scales[channel] as number) / limit || 1
  const values = new Int8Array(source.length)
  for (let start = 0; start < source.length; start += inner) {
    const scale = scales[channelAt(start)] as number
    for (let index = start; index < start + inner; index++) {
      values[index] = Math.max(-limit, Math.min(limit, Math.round((source[index] as number) / scale)))
    }
  }
  return {
    values: tensor(names.values, DataType.INT8, weight.dims, values),
    scales: floatTensor(names.scales, [channels], scales),
  }
}
