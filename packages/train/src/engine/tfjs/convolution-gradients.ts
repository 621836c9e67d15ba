/**
 * The gradients of a convolution, on a CPU, as convolutions, where TensorFlow 2.18 is slower at its own operations for them. The sums are the
 * same. With input x [N, H, W, C], kernel [kh, kw, C, M] and the output's gradient dy [N, H', W', M]:
 *
 * - of the input, at stride 1: dy convolved with the kernel turned by half a turn, its channels exchanged. Of 3×3 kernels at batch 256, two
 *   threads, in ms: 64 channels 178 and 121, 128 channels 217 and 122, 512 channels on 3×3 maps 1,100 and 90; 6 channels 5 and 12.
 * - of the kernel: x convolved with dy, pictures for channels and channels for pictures, dy as far apart as the stride. One channel of 28×28,
 *   5×5: 25 and 8; 6 channels 8.0 and 6.5; one channel of 224×224, 11×11 at stride 4: 344 and 249; 64 channels 156 and 194.
 */
import type { KernelConfig, Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import type { Tfjs } from '../../tfjs/tfjs.js'
import type { NativeKernelBackend } from './native-kernel-backend.js'

/** From so many channels on the input's gradient pays, and up to so many the kernel's. */
const [LEAST_OF_INPUT, MOST_OF_KERNEL] = [16, 8]

type KernelCall = Parameters<KernelConfig['kernelFunc']>[0]
type Sides = [number, number]

/** What tfjs-core's Conv2DBackpropInputAttrs and Conv2DBackpropFilterAttrs have in common. Neither knows of dilation. */
interface Attributes {
  readonly strides: number | Sides
  readonly pad: 'valid' | 'same' | number
  readonly dataFormat: 'NHWC' | 'NCHW'
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

interface InputCall {
  readonly inputs: { readonly dy: Tensor4D; readonly filter: Tensor4D }
  readonly attrs: Attributes & { readonly inputShape: Tensor4D['shape'] }
}

interface FilterCall {
  readonly inputs: { readonly x: Tensor4D; readonly dy: Tensor4D }
  readonly attrs: Attributes & { readonly filterShape: Tensor4D['shape'] }
}

/** Replaces two kernels of `backend`; what is of another kind than above goes to them as before. */
export function convolveGradients(tf: Tfjs, backend: string): void {
  const { core } = tf
  const replace = (name: string, convolved: (call: KernelCall) => Tensor | undefined): void => {
    const usual = core.getKernel(name, backend)
    core.unregisterKernel(name, backend)
    core.registerKernel({
      ...usual,
      kernelFunc: (call) => (onCpu(call) ? convolved(call) : undefined) ?? usual.kernelFunc(call),
    })
  }
  replace('Conv2DBackpropInput', (call) => inputGradient(tf, call as unknown as InputCall))
  replace('Conv2DBackpropFilter', (call) => filterGradient(tf, call as unknown as FilterCall))
}

function onCpu({ backend, attrs }: KernelCall): boolean {
  const { dataFormat } = attrs as unknown as Attributes
  return (backend as NativeKernelBackend).isUsingGpuDevice !== true && dataFormat === 'NHWC'
}

function inputGradient({ core }: Tfjs, { inputs: { dy, filter }, attrs }: InputCall): Tensor | undefined {
  const { inputShape, strides, pad, dimRoundingMode } = attrs
  const [rows, columns, channels] = filter.shape
  if (channels < LEAST_OF_INPUT || [strides].flat().some((stride) => stride !== 1)) return undefined
  const { padInfo } = core.backend_util.computeConv2DInfo(inputShape, filter.shape, strides, 1, pad, dimRoundingMode)
  const vertical: Sides = [rows - 1 - padInfo.top, rows - 1 - padInfo.bottom]
  const horizontal: Sides = [columns - 1 - padInfo.left, columns - 1 - padInfo.right]
  if ([...vertical, ...horizontal].some((zeros) => zeros < 0)) return undefined
  return core.tidy(() => {
    const turned = core.transpose(core.reverse(filter, [0, 1]), [0, 1, 3, 2])
    return core.conv2d(dy, turned, 1, [[0, 0], vertical, horizontal, [0, 0]])
  })
}

function filterGradient({ core }: Tfjs, { inputs: { x, dy }, attrs }: FilterCall): Tensor | undefined {
  const { filterShape, strides, pad, dimRoundingMode } = attrs
  const [rows, columns, channels, filters] = filterShape
  if (channels > MOST_OF_KERNEL) return undefined
  const { padInfo, strideHeight, strideWidth } = core.backend_util.computeConv2DInfo(
    x.shape,
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  )
  const [vertical, horizontal]: Sides[] = [
    [padInfo.top, padInfo.bottom],
    [padInfo.left, padInfo.right],
  ]
  return core.tidy(() => {
    const pictures = core.transpose(x, [3, 1, 2, 0])
    const kernel = core.transpose(dy, [1, 2, 0, 3])
    const sums = core.conv2d(pictures, kernel, 1, [[0, 0], vertical as Sides, horizontal as Sides, [0, 0]], 'NHWC', [
      strideHeight,
      strideWidth,
    ])
    // Rows and columns beyond the kernel are of pixels that no window reached.
    return core.transpose(core.slice(sums, [0, 0, 0, 0], [channels, rows, columns, filters]), [1, 2, 0, 3])
  })
}
