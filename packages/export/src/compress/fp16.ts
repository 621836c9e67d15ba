/** Weights of half precision: w → Cast(half(w)). The graph computes as before, with weights rounded to 11 significant bits. */
import { DataType, type Graph, type Tensor } from '../onnx/model.js'
import { elementCount, floatValues, tensor } from '../onnx/tensor.js'
import { LARGEST_HALF, toHalves } from './half.js'
import { Names } from './names.js'
import { type Stored, withStored } from './rewrite.js'
import { constantsOf } from './weights.js'

/** Below, the Cast node takes as many bytes as it saves. */
export const FEWEST_ELEMENTS = 128

export function fp16Weights(graph: Graph): Graph {
  const names = new Names(graph)
  const stored = new Map<string, Stored>()
  for (const weight of constantsOf(graph).values()) {
    if (weight.dataType !== DataType.FLOAT || elementCount(weight.dims) < FEWEST_ELEMENTS) continue
    // Out of a half's range: it stays as it is.
    if (floatValues(weight).some((value) => Math.abs(value) > LARGEST_HALF)) continue
    const half = halfTensor(weight, names.add(`${weight.name}.fp16`))
    stored.set(weight.name, {
      initializers: [half],
      nodes: [
        {
          name: names.add(`${weight.name}/Cast`),
          opType: 'Cast',
          domain: '',
          inputs: [half.name],
          outputs: [weight.name],
          attributes: { to: { type: 'INT', value: DataType.FLOAT } },
        },
      ],
    })
  }
  return withStored(graph, stored)
}

/** A FLOAT tensor as FLOAT16. */
export function halfTensor(source: Tensor, name: string): Tensor {
  return tensor(name, DataType.FLOAT16, source.dims, toHalves(floatValues(source)))
}
