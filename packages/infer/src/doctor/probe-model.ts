/** LeNet-5 with weights of no meaning: what providers are tried and measured with, where no trained model need be at hand. */
import { DataType, encodeModel, floatTensor } from 'mnist-export'
import { GraphBuilder, ints, ops, type Value } from 'mnist-export/graph'

/** The bytes of `image` FLOAT [batch, 1, 28, 28] → FLOAT [batch, 10]. */
export function probeModel(): Uint8Array {
  const g = new GraphBuilder('probe')
  const weight = (name: string, dims: readonly number[]): Value => {
    const count = dims.reduce((product, dim) => product * dim, 1)
    return g.initializer(
      floatTensor(
        name,
        dims,
        Float32Array.from({ length: count }, (_, index) => Math.sin(index) / 10),
      ),
    )
  }
  const stage = (x: Value, { name, dims, pad }: { name: string; dims: readonly number[]; pad: number }): Value => {
    const y = g.op('Conv', [x, weight(name, dims)], { attributes: { pads: ints([pad, pad, pad, pad]) } })
    const window = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }
    return g.op('AveragePool', [g.op('Sigmoid', [y])], { attributes: window })
  }
  let x = g.input({ name: 'image', dataType: DataType.FLOAT, shape: ['batch', 1, 28, 28] })
  x = stage(x, { name: 'conv1', dims: [6, 1, 5, 5], pad: 2 })
  x = stage(x, { name: 'conv2', dims: [16, 6, 5, 5], pad: 0 })
  x = ops.flatten(g, x)
  x = g.op('Sigmoid', [g.op('MatMul', [x, weight('fc1', [400, 120])])])
  x = g.op('Sigmoid', [g.op('MatMul', [x, weight('fc2', [120, 84])])])
  g.output(g.op('MatMul', [x, weight('fc3', [84, 10])], { outputs: ['logits'] }))
  return encodeModel({
    irVersion: 8,
    opsets: { '': 17 },
    producerName: 'mnist-infer',
    producerVersion: '',
    domain: '',
    modelVersion: 1,
    docString: '',
    graph: g.graph(),
    metadata: {},
  })
}
