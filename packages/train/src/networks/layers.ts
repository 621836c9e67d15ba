/**
 * The layers that our networks are made of. Weights are left at zero here: `initial-weights.ts` draws them. Feature maps are
 * [N, H, W, C], tfjs's layout.
 */
import type { SymbolicTensor } from '@tensorflow/tfjs-layers'
import { DIGIT_SIZE } from 'mnist-infer/mnist'
import { halfPixelResizing } from '../tfjs/half-pixel-resizing.js'
import type { Tfjs } from '../tfjs/tfjs.js'

export type Activation = 'sigmoid' | 'relu'

/** tfjs's own initializers would draw numbers that are thrown away. */
const ZEROS = { kernelInitializer: 'zeros', biasInitializer: 'zeros' } as const

/** Epsilon of PyTorch's BatchNorm2d. */
const BN_EPSILON = 1e-5

/** Share of the old running statistic that a step keeps: PyTorch's momentum 0.1, counted from the other end. */
const BN_MOMENTUM = 0.9

/** The input of every network: `image` [N, 28, 28, 1], paper 0, ink 1. */
export function imageInput({ layers }: Tfjs): SymbolicTensor {
  return layers.input({ shape: [DIGIT_SIZE, DIGIT_SIZE, 1], name: 'image' })
}

/** [N, 28, 28, C] → [N, size, size, C] */
export function resize(tf: Tfjs, x: SymbolicTensor, size: number): SymbolicTensor {
  return apply(halfPixelResizing(tf, { name: 'resize', height: size, width: size }), x)
}

export interface ConvolutionOptions {
  readonly name: string
  /** Output channels. */
  readonly filters: number
  /** Height and width of the kernel. */
  readonly kernel: number
  readonly stride?: number
  /** Zeros on each of the four sides. */
  readonly pad?: number
  readonly activation?: Activation
}

/** [N, H, W, C] → [N, ⌊(H + 2·pad − kernel) / stride⌋ + 1, …, filters], then the activation. */
export function convolution(
  tf: Tfjs,
  x: SymbolicTensor,
  { name, filters, kernel, stride = 1, pad = 0, activation }: ConvolutionOptions,
): SymbolicTensor {
  // `same` is as many zeros on each side only at stride 1; elsewhere the zeros are a layer of their own.
  const same = stride === 1 && pad > 0 && kernel === 2 * pad + 1
  const padded = same || pad === 0 ? x : zeroPadding(tf, x, { name: `${name}_pad`, pad })
  const layer = tf.layers.layers.conv2d({
    name,
    filters,
    kernelSize: kernel,
    strides: stride,
    padding: same ? 'same' : 'valid',
    ...ZEROS,
    ...(activation === undefined ? {} : { activation }),
  })
  return apply(layer, padded)
}

export function zeroPadding(
  { layers }: Tfjs,
  x: SymbolicTensor,
  { name, pad }: { name: string; pad: number },
): SymbolicTensor {
  const sides: [number, number] = [pad, pad]
  return apply(layers.layers.zeroPadding2d({ name, padding: [sides, sides] }), x)
}

export interface PoolOptions {
  readonly name: string
  readonly size: number
  readonly stride: number
}

export function averagePool({ layers }: Tfjs, x: SymbolicTensor, { name, size, stride }: PoolOptions): SymbolicTensor {
  return apply(layers.layers.averagePooling2d({ name, poolSize: size, strides: stride, padding: 'valid' }), x)
}

export function maxPool({ layers }: Tfjs, x: SymbolicTensor, { name, size, stride }: PoolOptions): SymbolicTensor {
  return apply(layers.layers.maxPooling2d({ name, poolSize: size, strides: stride, padding: 'valid' }), x)
}

export function batchNormalization({ layers }: Tfjs, x: SymbolicTensor, name: string): SymbolicTensor {
  return apply(layers.layers.batchNormalization({ name, epsilon: BN_EPSILON, momentum: BN_MOMENTUM }), x)
}

export function relu({ layers }: Tfjs, x: SymbolicTensor, name: string): SymbolicTensor {
  return apply(layers.layers.reLU({ name }), x)
}

/** The residual sum; the shapes are the same. */
export function sum({ layers }: Tfjs, terms: readonly SymbolicTensor[], name: string): SymbolicTensor {
  return layers.layers.add({ name }).apply([...terms]) as SymbolicTensor
}

/** [N, H, W, C] → [N, H·W·C], channels fastest: tfjs's order, which the exporter changes to PyTorch's. */
export function flatten({ layers }: Tfjs, x: SymbolicTensor): SymbolicTensor {
  return apply(layers.layers.flatten({ name: 'flatten' }), x)
}

/** [N, H, W, C] → [N, C] */
export function globalAveragePool({ layers }: Tfjs, x: SymbolicTensor, name: string): SymbolicTensor {
  return apply(layers.layers.globalAveragePooling2d({ name }), x)
}

export interface DenseOptions {
  readonly name: string
  readonly units: number
  readonly activation?: Activation
}

export function dense({ layers }: Tfjs, x: SymbolicTensor, { name, units, activation }: DenseOptions): SymbolicTensor {
  const options = { name, units, ...ZEROS, ...(activation === undefined ? {} : { activation }) }
  return apply(layers.layers.dense(options), x)
}

/** Zeroes each unit with probability `rate` in training and scales the others by 1 / (1 - rate); the identity after. */
export function dropout(
  { layers }: Tfjs,
  x: SymbolicTensor,
  { name, rate }: { name: string; rate: number },
): SymbolicTensor {
  return apply(layers.layers.dropout({ name, rate }), x)
}

function apply(layer: { apply(input: SymbolicTensor): unknown }, x: SymbolicTensor): SymbolicTensor {
  return layer.apply(x) as SymbolicTensor
}
