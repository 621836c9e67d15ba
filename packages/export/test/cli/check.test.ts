import { createRequire } from 'node:module'
import type * as TfLayers from '@tensorflow/tfjs-layers'
import { describe, expect, test } from 'vitest'
import { checkExport } from '../../src/cli/check/check.js'
import { relativeError } from '../../src/cli/check/compare.js'
import { loadRuntimes } from '../../src/cli/check/runtimes.js'
import { type ExportOptions, exportLayersModel, LAYER_HANDLERS, type LayersModelArtifacts } from '../../src/index.js'

// tfjs's ESM entry points do not resolve in Node.
const require = createRequire(import.meta.url)
const layers = require('@tensorflow/tfjs-layers') as typeof TfLayers
require('@tensorflow/tfjs-backend-cpu')

async function artifactsOf(...list: TfLayers.layers.Layer[]): Promise<LayersModelArtifacts> {
  let saved: LayersModelArtifacts = {}
  await layers.sequential({ layers: list }).save({
    save: async (artifacts) => {
      saved = artifacts as LayersModelArtifacts
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    },
  })
  return saved
}

const picture = (): Promise<LayersModelArtifacts> =>
  artifactsOf(
    layers.layers.conv2d({ inputShape: [9, 7, 2], filters: 3, kernelSize: 3, name: 'conv' }),
    layers.layers.activation({ activation: 'sigmoid', name: 'first' }),
    layers.layers.activation({ activation: 'sigmoid', name: 'second' }),
    layers.layers.flatten({ name: 'flat' }),
    layers.layers.dense({ units: 2, name: 'dense' }),
  )

const words = (): Promise<LayersModelArtifacts> =>
  artifactsOf(
    layers.layers.embedding({ inputDim: 5, outputDim: 4, inputLength: 6, name: 'words' }),
    layers.layers.globalAveragePooling1d({ name: 'mean' }),
  )

async function checked(artifacts: LayersModelArtifacts, options: ExportOptions = {}) {
  const { bytes, model } = await exportLayersModel(artifacts, options)
  return checkExport(artifacts, { bytes, model, handlers: options.handlers }, loadRuntimes())
}

describe('checkExport', () => {
  test.each<[string, () => Promise<LayersModelArtifacts>, ExportOptions]>([
    ['a picture', picture, {}],
    ['a picture, channels first', picture, { nchw: true }],
    ['a picture, with an output more', picture, { probabilities: 'p' }],
    ['indices of an embedding', words, {}],
  ])('finds that a right file agrees on random input: %s', async (_, artifacts, options) => {
    const { passed, verdict } = await checked(await artifacts(), options)
    expect({ passed, verdict }).toEqual({
      passed: true,
      verdict: expect.stringMatching(/^agrees with TensorFlow.js: /),
    })
  })

  test('names the first layer that differs', async () => {
    const right = LAYER_HANDLERS.Activation as NonNullable<(typeof LAYER_HANDLERS)[string]>
    const handlers: ExportOptions['handlers'] = {
      // Leaves out one activation.
      Activation: (call) => (call.config.name === 'second' ? call.input() : right(call)),
    }
    const { passed, layer, verdict } = await checked(await picture(), { handlers })
    expect({ passed, layer }).toEqual({ passed: false, layer: 'second' })
    expect(verdict).toMatch(/^differs from TensorFlow.js: largest relative error .*; first at layer second$/)
  })
})

describe('relativeError', () => {
  const output = (values: number[], shape = [values.length]) => ({ values, shape })

  test.each([
    ['the largest difference by the largest value', [4, 0, -2], [4, 0.4, -2], 0.1],
    ['the difference itself where all is zero', [0, 0], [0, 0.5], 0.5],
    [
      'zero for equal infinities and NaN',
      [Number.NaN, Number.POSITIVE_INFINITY],
      [Number.NaN, Number.POSITIVE_INFINITY],
      0,
    ],
    ['infinite where only one is NaN', [1, Number.NaN], [1, 1], Number.POSITIVE_INFINITY],
  ])('is %s', (_, expected, found, error) => {
    expect(relativeError(output(expected), output(found))).toBeCloseTo(error, 12)
  })

  test('reads channels first where only that fits', () => {
    // [1, 1, 3, 2] and the same as [1, 2, 1, 3]
    expect(relativeError(output([1, 2, 3, 4, 5, 6], [1, 1, 3, 2]), output([1, 3, 5, 2, 4, 6], [1, 2, 1, 3]))).toBe(0)
    expect(relativeError(output([1], [1, 1]), output([1], [1]))).toBe(Number.POSITIVE_INFINITY)
  })
})
