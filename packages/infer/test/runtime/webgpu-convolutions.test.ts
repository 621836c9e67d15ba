import { DataType, decodeModel, elementCount, encodeModel, floatTensor, tensor } from 'mnist-export'
import { GraphBuilder, type Value } from 'mnist-export/graph'
import { describe, expect, test } from 'vitest'
import { openSession } from '../../src/runtime/node.js'
import { float32 } from '../../src/runtime/session.js'
import { mendedForWebGpu } from '../../src/runtime/webgpu-convolutions.js'

interface Convolution {
  readonly channels: number
  readonly filters: number
  readonly group?: number
  /** The kernel is of 8 bits, behind a DequantizeLinear. */
  readonly quantized?: boolean
  readonly opset?: number
}

/** `x` [batch, channels, 7, 8] → a 3×2 convolution with a bias. */
function convolution({ channels, filters, group = 1, quantized = false, opset = 17 }: Convolution): Uint8Array {
  const g = new GraphBuilder('convolution')
  const dims = [filters, channels / group, 3, 2]
  const steps = Array.from({ length: elementCount(dims) }, (_, index) => ((index * 37) % 23) - 11)
  const kernel = (): Value => {
    if (!quantized) return g.initializer(floatTensor('kernel', dims, Float32Array.from(steps)))
    const packed = g.initializer(tensor('packed', DataType.INT8, dims, Int8Array.from(steps)))
    return g.op('DequantizeLinear', [packed, g.initializer(floatTensor('scale', [], Float32Array.of(0.25)))])
  }
  const bias = floatTensor(
    'bias',
    [filters],
    Float32Array.from({ length: filters }, (_, index) => index),
  )
  const x = g.input({ name: 'x', dataType: DataType.FLOAT, shape: ['batch', channels, 7, 8] })
  const attributes = { pads: { type: 'INTS', value: [1, 0, 2, 1] }, group: { type: 'INT', value: group } } as const
  g.output(g.op('Conv', [x, kernel(), g.initializer(bias)], { attributes, outputs: ['y'] }))
  const rest = { producerName: 'test', producerVersion: '', domain: '', modelVersion: 1, docString: '', metadata: {} }
  return encodeModel({ irVersion: 8, opsets: { '': opset }, ...rest, graph: g.graph() })
}

async function outputOf(model: Uint8Array, channels: number) {
  const session = await openSession(model, { provider: 'cpu' })
  const values = Float32Array.from({ length: 2 * channels * 56 }, (_, index) => Math.sin(index))
  const { y } = await session.run({ x: float32(values, [2, channels, 7, 8]) })
  await session.close()
  return { dims: y?.dims, data: Array.from(y?.data as Float32Array) }
}

describe('a convolution for WebGPU', () => {
  test.each([
    { channels: 6, filters: 16 },
    { channels: 9, filters: 4 },
    { channels: 30, filters: 8, quantized: true },
  ])(
    'of $channels channels and $filters filters has a multiple of four channels, and the values that it had',
    async (options) => {
      const before = convolution(options)
      const after = mendedForWebGpu(before)
      const { nodes } = decodeModel(after).graph
      expect(nodes.map(({ opType }) => opType).filter((opType) => opType === 'Pad')).toHaveLength(2)
      const [expected, found] = [await outputOf(before, options.channels), await outputOf(after, options.channels)]
      expect(found.dims).toEqual(expected.dims)
      const largest = Math.max(...expected.data.map(Math.abs))
      for (const [index, value] of expected.data.entries())
        expect(Math.abs((found.data[index] as number) - value)).toBeLessThan(1e-6 * largest)
    },
  )

  test.each([
    ['of three channels', convolution({ channels: 3, filters: 16 })],
    ['of a multiple of four channels', convolution({ channels: 12, filters: 16 })],
    ['of filters that are no multiple of four', convolution({ channels: 6, filters: 10 })],
    ['in groups', convolution({ channels: 18, filters: 12, group: 3 })],
    ['of an operator set in which Pad is another', convolution({ channels: 6, filters: 16, opset: 10 })],
    ['that is no model', Uint8Array.of(1, 2, 3)],
  ])('%s stays as it is, to the byte', (_, bytes) => {
    expect(mendedForWebGpu(bytes)).toBe(bytes)
  })
})
