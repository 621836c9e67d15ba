/**
 * Gradients that TensorFlow has as one operation, where tfjs composes them of several, each a pass over memory: of ReLU, of the sigmoid, and
 * of batch normalization, forward and backward. The operations are those of TensorFlow 2.18's raw_ops; tfjs-node 4.22 can call any.
 */
import type { GradConfig, NamedAttrMap, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core'
import type { LayersModel, layers } from '@tensorflow/tfjs-layers'
import type { Tfjs } from '../../tfjs/tfjs.js'
import type { NativeKernelBackend } from './native-kernel-backend.js'

/** Has tfjs use TensorFlow's own gradients while `backend` is the backend of the moment. */
export function registerNativeGradients({ core }: Tfjs, backend: string): void {
  const replace = (
    kernelName: string,
    saves: Partial<GradConfig>,
    gradient: (dy: Tensor, saved: Tensor) => Tensor,
  ): void => {
    const usual = core.getGradient(kernelName)
    core.registerGradient({
      kernelName,
      ...saves,
      gradFunc: (dy, saved, attrs: NamedAttrMap) => {
        if (core.getBackend() !== backend) return usual.gradFunc(dy, saved, attrs)
        return { x: () => gradient(dy as Tensor, saved[0] as Tensor) }
      },
    })
  }
  const call = (name: string, inputs: readonly Tensor[]): Tensor =>
    execute(core.backend(), name, { inputs })[0] as Tensor
  // dx = dy where x > 0
  replace('Relu', { inputsToSave: ['x'] }, (dy, x) => call('ReluGrad', [dy, x]))
  // dx = dy · y · (1 - y)
  replace('Sigmoid', { outputsToSave: [true] }, (dy, y) => call('SigmoidGrad', [y, dy]))
}

/** What we read of tfjs's BatchNormalization layer (layers/normalization.ts). */
interface Normalization extends layers.Layer {
  readonly gamma: { read(): Variable }
  readonly beta: { read(): Variable }
  readonly movingMean: Moving
  readonly movingVariance: Moving
  readonly momentum: number
  readonly epsilon: number
}
interface Moving {
  read(): Tensor
  write(value: Tensor): void
}

/** Has the model's batch normalizations of 4-D maps [N, H, W, C] train by TensorFlow's fused operations. */
export function useFusedNormalization(tf: Tfjs, model: LayersModel): void {
  for (const layer of model.layers) {
    if (layer.getClassName() !== 'BatchNormalization' || layer.getConfig().axis !== -1) continue
    if ((layer.outputShape as unknown[]).length !== 4) continue
    const usual = layer.call.bind(layer)
    layer.call = (inputs, kwargs) => {
      const x = Array.isArray(inputs) ? (inputs[0] as Tensor) : inputs
      return kwargs.training === true ? normalize(tf, layer as Normalization, x) : usual(inputs, kwargs)
    }
  }
}

/** x [N, H, W, C] → the same shape; moves the running statistics as the layer does. */
function normalize({ core }: Tfjs, layer: Normalization, x: Tensor): Tensor {
  return core.tidy(() => {
    const attributes = { epsilon: layer.epsilon, types: ['T', 'U'] } as const
    let statistics: readonly [Tensor, Tensor] | undefined
    const fused = core.customGrad((...args) => {
      const [input, scale, offset, save] = args as unknown as [Tensor, Tensor, Tensor, (saved: Tensor[]) => void]
      const none = core.tensor1d([]) as Tensor1D
      const inputs = [input, scale, offset, none, none]
      const [y, mean, variance, ...reserved] = execute(core.backend(), 'FusedBatchNormV3', {
        inputs,
        outputs: 6,
        ...attributes,
      })
      statistics = [core.keep(mean as Tensor), core.keep(variance as Tensor)]
      save([input, scale, ...reserved])
      const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] =>
        execute(core.backend(), 'FusedBatchNormGradV3', { inputs: [dy, ...saved], outputs: 5, ...attributes }).slice(
          0,
          3,
        )
      return { value: y as Tensor, gradFunc }
    })
    const y = fused(x, layer.gamma.read(), layer.beta.read())
    const [mean, variance] = statistics as unknown as [Tensor, Tensor]
    const count = x.size / (x.shape.at(-1) as number)
    move(layer.movingMean, mean)
    // TensorFlow's is unbiased, m / (m - 1) times the layer's.
    move(layer.movingVariance, core.mul(variance, (count - 1) / count))
    core.dispose([mean, variance])
    return y
  })

  /** moving' = moving - (1 - momentum) · (moving - value) */
  function move(moving: Moving, value: Tensor): void {
    const before = moving.read()
    moving.write(core.sub(before, core.mul(core.sub(before, value), 1 - layer.momentum)))
  }
}

interface Operation {
  readonly inputs: readonly Tensor[]
  /** Default 1. */
  readonly outputs?: number
  /** Names of the attributes that say float32; default `T`. */
  readonly types?: readonly string[]
  /** Of a batch normalization in training. */
  readonly epsilon?: number
}

function execute(backend: unknown, name: string, { inputs, outputs = 1, types = ['T'], epsilon }: Operation): Tensor[] {
  const native = backend as NativeKernelBackend
  const { TF_FLOAT, TF_ATTR_TYPE, TF_ATTR_FLOAT, TF_ATTR_STRING, TF_ATTR_BOOL } = native.binding
  const attributes: object[] = types.map((type) => ({ name: type, type: TF_ATTR_TYPE, value: TF_FLOAT }))
  if (epsilon !== undefined) {
    attributes.push(
      { name: 'epsilon', type: TF_ATTR_FLOAT, value: epsilon },
      { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' },
      { name: 'is_training', type: TF_ATTR_BOOL, value: true },
    )
  }
  return native.executeMultipleOutputs(name, attributes, inputs, outputs)
}
