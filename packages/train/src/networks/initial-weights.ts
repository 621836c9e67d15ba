/**
 * The weights that a run begins with: kernels Xavier-uniform (Glorot and Bengio, "Understanding the difficulty of training deep
 * feedforward neural networks", 2010, eq. 16), uniform in ±√(6 / (fan_in + fan_out)), with PyTorch's fans, in which a convolution's
 * fan_out counts the kernel's pixels too; biases uniform in ±1 / √fan_in. They depend on the seed and the weight's name alone: the
 * same on every engine, whatever draws random numbers besides.
 */
import type { Tensor } from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { createRandom } from 'mnist-infer/mnist'
import type { Tfjs } from '../tfjs/tfjs.js'

/** Sets every conv and dense weight of `model`. Batch normalization begins with gamma 1, beta 0, mean 0, variance 1 as it is. */
export function setInitialWeights({ core }: Tfjs, model: LayersModel, seed: number): void {
  for (const layer of model.layers) {
    const [kernel, bias] = layer.weights
    if (kernel?.originalName !== `${layer.name}/kernel` || bias === undefined) continue
    const { fanIn, fanOut } = fans(kernel.shape as number[])
    const drawn = [
      { weight: kernel, bound: Math.sqrt(6 / (fanIn + fanOut)) },
      { weight: bias, bound: 1 / Math.sqrt(fanIn) },
    ].map(({ weight, bound }): Tensor => {
      const shape = weight.shape as number[]
      return core.tensor(uniform({ seed, name: weight.originalName, count: sizeOf(shape), bound }), shape)
    })
    layer.setWeights(drawn)
    core.dispose(drawn)
  }
}

/** Inputs and outputs that a unit is connected with; `kernel` is [kh, kw, C, M] or [C, M]. */
export function fans(kernel: readonly number[]): { fanIn: number; fanOut: number } {
  const [outputs = 0, inputs = 0, ...window] = kernel.toReversed()
  const pixels = sizeOf(window)
  return { fanIn: inputs * pixels, fanOut: outputs * pixels }
}

interface Drawing {
  readonly seed: number
  readonly name: string
  readonly count: number
  readonly bound: number
}

/** `count` numbers, uniform in [-bound, bound). */
function uniform({ seed, name, count, bound }: Drawing): Float32Array {
  const random = createRandom(seed, `initial ${name}`)
  const values = new Float32Array(count)
  for (let index = 0; index < count; index++) values[index] = (2 * random() - 1) * bound
  return values
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1)
}
