/**
 * Running variances as PyTorch and the ONNX training step have them. tfjs's BatchNormalization lets them follow the batch's biased
 * variance v (the sum of squares over m); the estimate of the population's is v · m / (m - 1), m being the values of a channel in the batch.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs-core'
import type { LayersModel, layers } from '@tensorflow/tfjs-layers'
import type { Tfjs } from '../../tfjs/tfjs.js'

type Layer = layers.Layer

/** Remembers the running variances before a step's forward pass; call both within one `tidy`. */
export function watchVariances({ core }: Tfjs, model: LayersModel): { unbias(batch: number): void } {
  const watched = model.layers
    .filter((layer) => layer.getClassName() === 'BatchNormalization')
    .map((layer) => {
      const variable = varianceOf(layer)
      return {
        variable,
        before: core.clone(variable) as Tensor,
        momentum: momentumOf(layer),
        perPicture: sizeOf(layer),
      }
    })
  return {
    unbias(batch) {
      for (const { variable, before, momentum, perPicture } of watched) {
        const count = batch * perPicture
        if (count < 2) continue
        // after = momentum · before + (1 - momentum) · v, whose second term is to be m / (m - 1) times as much.
        const kept = core.mul(before, momentum)
        const moved = core.mul(core.sub(variable, kept), count / (count - 1))
        variable.assign(core.add(kept, moved))
      }
    },
  }
}

function varianceOf(layer: Layer): Variable {
  const weight = layer.weights.find(({ originalName }) => originalName === `${layer.name}/moving_variance`)
  if (weight === undefined) throw new Error(`internal: layer ${layer.name} has no moving_variance`)
  return weight.read() as Variable
}

function momentumOf(layer: Layer): number {
  return layer.getConfig().momentum as number
}

/** Values of a channel in one picture: H · W. */
function sizeOf(layer: Layer): number {
  const shape = layer.outputShape as (number | null)[]
  return shape.slice(1, -1).reduce<number>((product, dim) => product * (dim ?? 1), 1)
}
