/**
 * Which algorithm convolves: a rule by geometry, with the measurement behind it. All three kinds of product of one layer (forward,
 * input gradient, filter gradient) take the same one, because they share its transforms.
 */
import type { WindowGeometry } from '../gradient/composite.js'

export type ConvolutionAlgorithm =
  /** A matrix product over the channels: 1×1 kernels. */
  | { readonly kind: 'pointwise' }
  /** F(m×m, r×r) by Toom-Cook: (m + r - 1)² multiplications for m² outputs instead of m² r². */
  | { readonly kind: 'toom-cook'; readonly m: number }
  /** ONNX Runtime's own convolution, on a view of the picture as [1, C, H, W, N]. */
  | { readonly kind: 'direct' }

export interface ConvolutionShape extends Omit<WindowGeometry, 'countIncludePad'> {
  readonly channels: number
  readonly filters: number
}

/** undefined for what the lowering leaves to the portable form: other than two spatial axes, groups, dilation. */
export function convolutionAlgorithm(shape: ConvolutionShape): ConvolutionAlgorithm | undefined {
  const { kernel, strides, pads, dilations, group } = shape
  if (kernel.length !== 2 || group !== 1 || dilations.some((dilation) => dilation !== 1)) return undefined
  if (kernel.every((length) => length === 1) && pads.every((length) => length === 0)) return { kind: 'pointwise' }
  const m = strides.every((stride) => stride === 1) ? toomCookTile(shape) : undefined
  return m === undefined ? { kind: 'direct' } : { kind: 'toom-cook', m }
}

/**
 * The tile m, or undefined where the transforms cost more than the multiplications that they save: few channels (the transforms
 * are linear in them, the products quadratic), or pictures so large that they leave the cache between the steps.
 */
function toomCookTile({ kernel, inputSize, channels, filters }: ConvolutionShape): number | undefined {
  const [height = 0, width = 0] = inputSize
  const [r] = kernel
  const least = Math.min(channels, filters)
  const longest = Math.max(height, width)
  if (kernel[0] !== kernel[1]) return undefined
  if (r === 3) {
    const pays = longest <= 6 || (longest <= 12 && least >= 128) || (longest <= 24 && least >= 64)
    // One tile covers a 3 × 3 map; 6 × 6 tiles save the most multiplications (64 for 324) and divide 6, 12 and 24.
    return pays ? (longest <= 3 ? 3 : 6) : undefined
  }
  // F(4×4, 5×5): 64 multiplications for 400.
  return r === 5 && least >= 64 ? 4 : undefined
}
