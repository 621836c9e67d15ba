import { describe, expect, test } from 'vitest'
import {
  batchMean,
  batchNormalize,
  batchNormalizeInputGradient,
  batchNormalizeScaleGradient,
  batchVariance,
} from '../../src/gradient/batch-normalization.js'
import {
  averagePoolGradient,
  convFilterGradient,
  convInputGradient,
  maxPoolGradient,
  reluGradient,
  type WindowGeometry,
} from '../../src/gradient/composite.js'
import type { GraphBuilder, Value } from '../../src/graph/builder.js'
import {
  add,
  averagePool,
  conv,
  gemm,
  globalAveragePool,
  maxPool,
  mul,
  reduceSum,
  relu,
  resize,
  sigmoid,
} from '../../src/graph/ops/index.js'
import { Random } from '../gradient/support/random.js'
import { compareLowered, type LoweringCase } from './compare-lowered.js'

/** The tolerance, in norm, that every rewrite is held to: F(6, 3) rounds to 4e-6, the rest to a few 1e-7. */
const TOLERANCE = 1e-5

interface Layer {
  readonly title: string
  readonly channels: number
  readonly filters: number
  readonly size: readonly [number, number]
  readonly kernel: readonly [number, number]
  readonly strides?: readonly [number, number]
  readonly pads?: readonly [number, number, number, number]
  readonly batch?: number
  /** An operator that the chosen algorithm leaves in the forward graph. */
  readonly by: 'Conv' | 'Gemm' | 'MatMul' | 'FusedMatMul'
}

const LAYERS: readonly Layer[] = [
  {
    title: 'of LeNet-5, first',
    channels: 1,
    filters: 6,
    size: [28, 28],
    kernel: [5, 5],
    pads: [2, 2, 2, 2],
    by: 'Conv',
  },
  { title: 'of LeNet-5, second', channels: 6, filters: 16, size: [14, 14], kernel: [5, 5], by: 'Conv' },
  {
    title: 'of ResNet-18, first',
    channels: 1,
    filters: 32,
    size: [32, 32],
    kernel: [7, 7],
    strides: [2, 2],
    pads: [3, 3, 3, 3],
    by: 'Conv',
  },
  {
    title: 'of AlexNet, first',
    channels: 1,
    filters: 24,
    size: [47, 47],
    kernel: [11, 11],
    strides: [4, 4],
    pads: [1, 1, 1, 1],
    by: 'Conv',
  },
  {
    title: 'whose windows are too many to be gathered at once',
    channels: 1,
    filters: 2,
    size: [66, 64],
    kernel: [11, 11],
    pads: [0, 1, 0, 1],
    batch: 180,
    by: 'Conv',
  },
  {
    title: 'strided, even size',
    channels: 20,
    filters: 24,
    size: [12, 12],
    kernel: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    by: 'Conv',
  },
  {
    title: 'strided, odd size',
    channels: 20,
    filters: 8,
    size: [11, 13],
    kernel: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    by: 'Conv',
  },
  {
    title: 'strided beyond its kernel',
    channels: 18,
    filters: 4,
    size: [9, 10],
    kernel: [2, 3],
    strides: [3, 4],
    by: 'Conv',
  },
  {
    title: 'whose stride leaves the last rows out',
    channels: 3,
    filters: 5,
    size: [10, 9],
    kernel: [3, 2],
    strides: [4, 3],
    by: 'Conv',
  },
  {
    title: 'padded on one side',
    channels: 17,
    filters: 3,
    size: [8, 7],
    kernel: [3, 4],
    pads: [2, 0, 0, 3],
    by: 'Conv',
  },
  { title: '1×1', channels: 12, filters: 7, size: [6, 5], kernel: [1, 1], by: 'Gemm' },
  {
    title: '1×1 strided, even size',
    channels: 12,
    filters: 16,
    size: [6, 8],
    kernel: [1, 1],
    strides: [2, 2],
    by: 'Gemm',
  },
  {
    title: '1×1 strided, odd size',
    channels: 5,
    filters: 4,
    size: [7, 9],
    kernel: [1, 1],
    strides: [2, 3],
    by: 'Gemm',
  },
  {
    title: 'by F(3, 3) on 3×3',
    channels: 64,
    filters: 64,
    size: [3, 3],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    by: 'MatMul',
  },
  {
    title: 'by F(6, 3) on 6×6',
    channels: 64,
    filters: 72,
    size: [6, 6],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    by: 'MatMul',
  },
  {
    title: 'by F(6, 3) on 12×12',
    channels: 128,
    filters: 128,
    size: [12, 12],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    by: 'MatMul',
  },
  {
    title: 'by F(6, 3) on 13×11',
    channels: 64,
    filters: 64,
    size: [13, 11],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    by: 'MatMul',
  },
  { title: 'by F(6, 3) without padding', channels: 64, filters: 64, size: [9, 10], kernel: [3, 3], by: 'MatMul' },
  { title: 'by F(4, 5)', channels: 64, filters: 64, size: [13, 13], kernel: [5, 5], pads: [2, 2, 2, 2], by: 'MatMul' },
]

function geometryOf({ size, kernel, strides = [1, 1], pads = [0, 0, 0, 0] }: Layer): WindowGeometry {
  return { kernel, strides, pads, dilations: [1, 1], group: 1, inputSize: size, countIncludePad: false }
}

/** The three products of one layer in one graph, so that what they share is shared as in a training step. */
function convolution(layer: Layer): LoweringCase {
  const { channels, filters, size, kernel, batch = 3 } = layer
  const geometry = geometryOf(layer)
  const output = size.map((length, axis) => {
    const padding = (geometry.pads[axis] as number) + (geometry.pads[axis + 2] as number)
    return Math.floor((length + padding - (kernel[axis] as number)) / (geometry.strides[axis] as number)) + 1
  })
  return {
    batch,
    inputs: [['batch', channels, ...size], [filters, channels, ...kernel], [filters], ['batch', filters, ...output]],
    build: (g, [x, w, b, dy]) => [
      conv(g, [x as Value, w as Value, b as Value], { ...geometry, kernelShape: kernel }),
      convInputGradient(g, dy as Value, w as Value, geometry),
      convFilterGradient(g, x as Value, dy as Value, geometry),
    ],
  }
}

describe('a lowered convolution and its gradients are those of the portable graph', () => {
  test.each(LAYERS)('$title', async (layer) => {
    const { error, nodes } = await compareLowered(convolution(layer), new Random(11))
    expect(error).toBeLessThan(TOLERANCE)
    expect(nodes.map(({ opType }) => opType)).toContain(layer.by)
  })

  test('of random geometry', async () => {
    const random = new Random(2024)
    for (let index = 0; index < 60; index++) {
      const kernel = [random.integer(1, 4), random.integer(1, 4)] as const
      const layer: Layer = {
        title: '',
        channels: random.integer(1, 20),
        filters: random.integer(1, 20),
        size: [random.integer(4, 11), random.integer(4, 11)],
        kernel,
        strides: [random.integer(1, 4), random.integer(1, 4)],
        pads: [0, 1, 2, 3].map((side) => random.integer(0, (kernel[side % 2] as number) - 1)) as never,
        batch: random.integer(1, 5),
        by: 'Conv',
      }
      const { error } = await compareLowered(convolution(layer), random)
      expect(error, JSON.stringify(layer)).toBeLessThan(TOLERANCE)
    }
  })
})

interface Pool {
  readonly size: readonly [number, number]
  readonly kernel: readonly [number, number]
  readonly strides: readonly [number, number]
  readonly pads: readonly [number, number, number, number]
}

const POOLS: readonly Pool[] = [
  { size: [12, 12], kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  { size: [13, 11], kernel: [3, 3], strides: [2, 2], pads: [0, 0, 0, 0] },
  { size: [10, 8], kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] },
  { size: [9, 7], kernel: [2, 3], strides: [3, 2], pads: [0, 1, 1, 0] },
  { size: [8, 9], kernel: [4, 3], strides: [1, 1], pads: [1, 2, 2, 0] },
  { size: [7, 7], kernel: [2, 2], strides: [3, 4], pads: [0, 0, 0, 0] },
]

describe('a lowered max pool and its gradient are those of the portable graph', () => {
  const pooled = ({ size, kernel, strides, pads }: Pool): Omit<LoweringCase, 'draw'> => {
    const output = size.map((length, axis) => {
      const padding = (pads[axis] as number) + (pads[axis + 2] as number)
      return Math.floor((length + padding - (kernel[axis] as number)) / (strides[axis] as number)) + 1
    })
    const geometry = { kernel, strides, pads, dilations: [1, 1], group: 1, inputSize: size, countIncludePad: false }
    return {
      batch: 4,
      inputs: [
        ['batch', 3, ...size],
        ['batch', 3, ...output],
      ],
      build: (g, [x, dy]) => {
        const y = maxPool(g, x as Value, { kernelShape: kernel, strides, pads })
        return [y, maxPoolGradient(g, [x as Value, y, dy as Value], geometry)]
      },
    }
  }

  test.each(POOLS)('$kernel by $strides, pads $pads', async (pool) => {
    const { error, nodes } = await compareLowered(pooled(pool), new Random(3))
    expect(error).toBeLessThan(TOLERANCE)
    expect(nodes.map(({ opType }) => opType)).not.toContain('ScatterElements')
  })

  test.each(POOLS)(
    '$kernel by $strides, pads $pads, also where elements are equal: the first one wins',
    async (pool) => {
      const { error } = await compareLowered({ ...pooled(pool), draw: (random) => random.integer(0, 2) }, new Random(4))
      expect(error).toBeLessThan(TOLERANCE)
    },
  )
})

/** y and all gradients of a batch normalization of x [batch, 5, 4, 3]; `shortcut` and ReLU as in a residual block. */
function normalization({ shortcut, activation }: { shortcut: boolean; activation: boolean }): LoweringCase {
  const epsilon = 1e-5
  return {
    batch: 6,
    inputs: [['batch', 5, 4, 3], [5], [5], ['batch', 5, 4, 3], ['batch', 5, 4, 3]],
    build: (g, [x, scale, bias, dy, other]) => {
      const [mean, scaleValue] = [batchMean(g, x as Value), scale as Value]
      const variance = batchVariance(g, x as Value, mean)
      const inputs = { x: x as Value, scale: scaleValue, bias: bias as Value, mean, variance }
      const normal = batchNormalize(g, inputs, { name: 'bn', outputs: ['bn.out'], epsilon })
      const sum = shortcut ? add(g, normal, other as Value) : normal
      const y = activation ? relu(g, sum) : sum
      const gradient = activation ? reluGradient(g, y, dy as Value) : (dy as Value)
      const biasGradient = reduceSum(g, gradient, { axes: [0, 2, 3], keepdims: 0 })
      const scaleGradient = batchNormalizeScaleGradient(g, { ...inputs, dy: gradient }, epsilon)
      const dx = batchNormalizeInputGradient(g, { ...inputs, dy: gradient, scaleGradient, biasGradient }, epsilon)
      return [y, mean, variance, biasGradient, scaleGradient, dx]
    },
  }
}

const [N, M] = [5, 4]
const GRAPHS: readonly (LoweringCase & { readonly title: string })[] = [
  { title: 'batch normalization', ...normalization({ shortcut: false, activation: false }) },
  { title: 'batch normalization and ReLU', ...normalization({ shortcut: false, activation: true }) },
  { title: 'batch normalization, shortcut and ReLU', ...normalization({ shortcut: true, activation: true }) },
  {
    title: 'a dense layer and its gradients',
    batch: N,
    inputs: [['batch', 6], [M, 6], [M], ['batch', M]],
    build: (g, [x, w, b, dy]) => [
      sigmoid(g, gemm(g, [x as Value, w as Value, b as Value], { transB: 1 })),
      gemm(g, [dy as Value, w as Value]),
      gemm(g, [dy as Value, x as Value], { transA: 1 }),
      reduceSum(g, dy as Value, { axes: [0], keepdims: 0 }),
    ],
  },
  {
    title: 'means over windows and over maps, and their gradients',
    batch: N,
    inputs: [
      ['batch', 3, 7, 6],
      ['batch', 3, 3, 3],
    ],
    build: (g, [x, dy]) => [
      averagePool(g, x as Value, { kernelShape: [2, 2], strides: [2, 2] }),
      averagePoolGradient(g, dy as Value, {
        ...{ kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 },
        ...{ inputSize: [7, 6], countIncludePad: false },
      }),
      globalAveragePool(g, x as Value),
    ],
  },
  {
    title: 'bilinear resizing with half-pixel centres, larger and smaller',
    batch: N,
    inputs: [['batch', 2, 7, 6]],
    build: (g, [x]) =>
      [
        [16, 9],
        [7, 3],
        [1, 6],
      ].map((sizes) =>
        resize(g, x as Value, { sizes }, { mode: 'linear', coordinateTransformationMode: 'half_pixel' }),
      ),
  },
  {
    title: 'values without a batch that broadcast against those with one',
    batch: N,
    inputs: [['batch', 3, 4, 2], [3, 1, 1], [1, 3, 1, 2], [2], []],
    build: (g, [x, a, b, c, d]) => [
      add(g, mul(g, mul(g, x as Value, a as Value), b as Value), mul(g, c as Value, d as Value)),
    ],
  },
  {
    title: 'what no rule knows',
    batch: N,
    inputs: [['batch', 3, 4]],
    build: (g: GraphBuilder, [x]) => [g.op('Softmax', [relu(g, x as Value)], {})],
  },
]

test.each(GRAPHS)('lowered is as portable: $title', async (graph) => {
  const { error } = await compareLowered(graph, new Random(5))
  expect(error).toBeLessThan(TOLERANCE)
})

test('the ReLU of a residual block and its shortcut are part of the pass that normalizes', async () => {
  const { nodes } = await compareLowered(normalization({ shortcut: true, activation: true }), new Random(5))
  const forward = nodes.filter(({ opType, inputs }) => opType === 'Relu' || (opType === 'Add' && inputs.includes('x4')))
  expect(forward).toEqual([])
  expect(nodes.some(({ opType, attributes }) => opType === 'FusedConv' && 'activation' in attributes)).toBe(true)
})
