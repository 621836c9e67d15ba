/**
 * The weights that a training from nothing begins with: kernels Xavier-uniform (Glorot and Bengio, "Understanding the difficulty of
 * training deep feedforward neural networks", 2010, eq. 16), in ±√(6 / (fan_in + fan_out)), biases uniform in ±1 / √fan_in. The
 * rule of `mnist-train`, over a graph's own layouts: Conv's kernel is [M, C, kh, kw], Gemm's [M, C] with transB.
 */
import { floatTensor, type Graph, type Model, type Tensor } from 'mnist-export'
import { createRandom } from 'mnist-infer/digits'

/** `model` with every weight of its Conv and Gemm nodes drawn anew; what other nodes have stays. */
export function withInitialWeights(model: Model, seed: number): Model {
  const bounds = boundsOf(model.graph)
  const initializers = model.graph.initializers.map((tensor) => {
    const bound = bounds.get(tensor.name)
    return bound === undefined ? tensor : drawn(tensor, bound, seed)
  })
  return { ...model, graph: { ...model.graph, initializers } }
}

/** The bound of each weight that is drawn, by its name. */
function boundsOf({ nodes, initializers }: Graph): ReadonlyMap<string, number> {
  const dims = new Map(initializers.map((tensor) => [tensor.name, tensor.dims]))
  const bounds = new Map<string, number>()
  for (const { opType, inputs, attributes } of nodes) {
    const [, kernel = '', bias = ''] = inputs
    const shape = dims.get(kernel)
    if (shape === undefined || (opType !== 'Conv' && opType !== 'Gemm')) continue
    // Without transB, Gemm's kernel is [C, M].
    const swapped = opType === 'Gemm' && attributes.transB === undefined
    const [outputs = 0, inputsOfUnit = 0, ...window] = swapped ? shape.toReversed() : shape
    const pixels = window.reduce((product, length) => product * length, 1)
    const [fanIn, fanOut] = [inputsOfUnit * pixels, outputs * pixels]
    bounds.set(kernel, Math.sqrt(6 / (fanIn + fanOut)))
    if (dims.has(bias)) bounds.set(bias, 1 / Math.sqrt(fanIn))
  }
  return bounds
}

/** Uniform in [-bound, bound); depends on the seed and the weight's name alone. */
function drawn({ name, dims }: Tensor, bound: number, seed: number): Tensor {
  const random = createRandom(seed, `initial ${name}`)
  const values = new Float32Array(dims.reduce((product, length) => product * length, 1))
  for (let index = 0; index < values.length; index++) values[index] = (2 * random() - 1) * bound
  return floatTensor(name, dims, values)
}
