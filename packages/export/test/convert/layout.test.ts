import { describe, expect, test } from 'vitest'
import type { Model as OnnxModel } from '../../src/onnx/model.js'
import { accepted, modelOf } from '../support/cases.js'
import { countOf, expectSame } from '../support/compare.js'
import { NETWORKS } from '../support/networks.js'
import { L } from '../support/tfjs.js'

/** Transposes that take a graph input or give a graph output. */
function atEdges({ graph }: OnnxModel): number {
  const names = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name))
  return graph.nodes.filter(
    ({ opType, inputs, outputs }) => opType === 'Transpose' && [...inputs, ...outputs].some((name) => names.has(name)),
  ).length
}

describe('A convolutional network', () => {
  test.each(Object.entries(NETWORKS))(
    'like %s has no Transpose where its edges are channels first',
    async (_, make) => {
      const { optimized } = await expectSame(make(), { nchw: true })
      expect(countOf(optimized, 'Transpose')).toBe(0)
    },
  )

  test.each(Object.entries(NETWORKS))(
    "like %s has at most one Transpose at an edge in tfjs's layout",
    async (_, make) => {
      const model = make()
      const { optimized } = await expectSame(model)
      const rank = (tensor: { shape: unknown[] }): number => tensor.shape.length
      const edges = [...model.inputs, ...model.outputs].filter((tensor) => rank(tensor) === 4).length
      expect(countOf(optimized, 'Transpose')).toBe(atEdges(optimized))
      expect(atEdges(optimized)).toBeLessThanOrEqual(edges)
    },
  )

  test.each(Object.entries(NETWORKS))(
    'like %s keeps no BatchNormalization, Dropout, Pad or Identity',
    async (name, make) => {
      const { optimized } = await expectSame(make(), { nchw: true })
      // Inception normalizes what it concatenates, and ResNet's first padding is a Conv's.
      const kept = name === 'inception' ? 3 : 0
      expect(countOf(optimized, 'BatchNormalization')).toBeLessThanOrEqual(kept)
      for (const opType of ['Dropout', 'Pad', 'Identity']) expect(countOf(optimized, opType)).toBe(0)
    },
  )
})

test.each([true, false])(
  'A network for pictures of any size computes what tfjs does, channels first: %s',
  async (nchw) => {
    const layers = [
      L.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }),
      L.batchNormalization({}),
      L.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'same' }),
      L.upSampling2d({}),
      L.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      L.zeroPadding2d({ padding: 1 }),
      L.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      L.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
    ]
    for (const sizes of [
      [17, 14],
      [24, 33],
    ]) {
      const { optimized } = await expectSame(modelOf([null, null, 3], layers), { sizes, nchw })
      expect(countOf(optimized, 'Transpose')).toBe(nchw ? 0 : 2)
    }
  },
)

test('A picture of one channel enters by a Reshape, which moves nothing', async () => {
  const { optimized } = await expectSame(modelOf([6, 5, 1], [L.conv2d({ filters: 2, kernelSize: 2 }), L.flatten()]))
  expect(optimized.graph.nodes[0]?.opType).toBe('Reshape')
})

accepted()
