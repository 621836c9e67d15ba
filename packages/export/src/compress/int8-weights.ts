/** Weights of 8 bits: w → DequantizeLinear(q, scale) along the axis of output channels. The arithmetic stays float. */
import { DataType, type Graph, type Tensor } from '../onnx/model.js'
import { elementCount, tensor } from '../onnx/tensor.js'
import { quantizedChannels } from './channels.js'
import type { Names } from './names.js'
import { type Stored, withStored } from './rewrite.js'
import { type Weight, weightsOf } from './weights.js'

/** Below, the scales and the node take as many bytes as are saved. */
const FEWEST_ELEMENTS = 256

export function int8Weights(graph: Graph, names: Names): Graph {
  const stored = new Map<string, Stored>()
  for (const [name, weight] of weightsOf(graph)) {
    if (elementCount(weight.tensor.dims) >= FEWEST_ELEMENTS)
      stored.set(name, storedChannels(weight, { names, limit: 127 }))
  }
  return withStored(graph, stored)
}

/** A weight as INT8, its scales and zero points, and the node that yields it under its name again. */
export function storedChannels(
  { tensor: weight, channelAxis }: Weight,
  { names, limit }: { names: Names; limit: number },
): Stored & { readonly scales: Tensor } {
  const { values, scales } = quantizedChannels(weight, {
    axis: channelAxis,
    limit,
    names: { values: names.add(`${weight.name}.int8`), scales: names.add(`${weight.name}.scale`) },
  })
  // Zero, which is also what leaving it out means; but not every optimizer of a runtime looks for that.
  const zeros = tensor(names.add(`${weight.name}.zero`), DataType.INT8, scales.dims, new Int8Array(scales.dims[0] ?? 0))
  return {
    scales,
    initializers: [values, scales, zeros],
    nodes: [
      {
        name: names.add(`${weight.name}/DequantizeLinear`),
        opType: 'DequantizeLinear',
        domain: '',
        inputs: [values.name, scales.name, zeros.name],
        outputs: [weight.name],
        attributes: { axis: { type: 'INT', value: channelAxis } },
      },
    ],
  }
}
