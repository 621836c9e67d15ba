import { createRequire } from 'node:module'
import type * as TfCore from '@tensorflow/tfjs-core'
import type * as TfLayers from '@tensorflow/tfjs-layers'
import type * as Ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { decodeModel, type ExportOptions, exportLayersModel, type SavableModel, UserError } from '../src/index.js'

// tfjs's ESM entry points do not resolve in Node.
const require = createRequire(import.meta.url)
const tf = require('@tensorflow/tfjs-core') as typeof TfCore
const layers = require('@tensorflow/tfjs-layers') as typeof TfLayers
require('@tensorflow/tfjs-backend-cpu')
const ort = require('onnxruntime-node') as typeof Ort

function smallModel(): TfLayers.LayersModel {
  const model = layers.sequential({ name: 'small' })
  model.add(layers.layers.conv2d({ inputShape: [8, 6, 1], filters: 3, kernelSize: 3, name: 'conv' }))
  model.add(layers.layers.batchNormalization({ name: 'norm' }))
  model.add(layers.layers.dropout({ rate: 0.5, name: 'drop' }))
  model.add(layers.layers.flatten({ name: 'flat' }))
  model.add(layers.layers.dense({ units: 4, name: 'dense' }))
  return model
}

async function run(
  bytes: Uint8Array,
  feeds: Record<string, [Float32Array, number[]]>,
): Promise<Record<string, number[]>> {
  const session = await ort.InferenceSession.create(bytes)
  const tensors = Object.entries(feeds).map(([name, [data, dims]]) => [name, new ort.Tensor('float32', data, dims)])
  const outputs = await session.run(Object.fromEntries(tensors) as Ort.InferenceSession.FeedsType)
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data as Float32Array)]))
}

describe('exportLayersModel', () => {
  test('makes of a tfjs model a file that ONNX Runtime computes the same with', async () => {
    const model = smallModel()
    const { bytes } = await exportLayersModel(model)
    const x = tf.randomNormal<TfCore.Rank.R4>([2, 8, 6, 1], 0, 1, 'float32', 7)
    const expected = await (model.predict(x) as TfCore.Tensor).data()
    const { dense } = await run(bytes, { conv_input: [(await x.data()) as Float32Array, [2, 8, 6, 1]] })
    for (const [index, value] of expected.entries()) expect(dense?.[index]).toBeCloseTo(value, 5)
  })

  test('returns the model that the file holds, the place of each weight, and what the passes did', async () => {
    const { bytes, model, weights, warnings, reports } = await exportLayersModel(smallModel(), {
      nchw: true,
      inputNames: ['image'],
      outputNames: ['logits'],
      probabilities: 'probabilities',
      metadata: { key: 'value' },
    })
    expect(decodeModel(bytes)).toEqual(model)
    expect(model.graph.inputs.map(({ name, shape }) => [name, shape])).toEqual([['image', ['batch', 1, 8, 6]]])
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['logits', 'probabilities'])
    expect(model.graph.nodes.map(({ opType }) => opType)).not.toContain('BatchNormalization')
    expect(model.metadata).toEqual({ key: 'value' })
    expect(weights.map(({ weight }) => weight)).toContain('conv/kernel')
    expect(warnings).toEqual([])
    expect(reports.find(({ pass }) => pass === 'fold-batch-normalization')?.rewritten).toHaveLength(1)
  })

  test.each<[string, ExportOptions, string[]]>([
    ['leaves a pass out', { without: ['fold-batch-normalization'] }, ['BatchNormalization']],
    ['keeps what only training needs', { training: true }, ['BatchNormalization', 'Dropout']],
  ])('%s', async (_, options, expected) => {
    const { model } = await exportLayersModel(smallModel(), options)
    expect(model.graph.nodes.map(({ opType }) => opType)).toEqual(expect.arrayContaining(expected))
  })

  test('makes the same file of a model that shows its weights and of one that only saves itself', async () => {
    const model = smallModel()
    const savable = { save: (handler: Parameters<typeof model.save>[0]) => model.save(handler) }
    const [shown, saved] = [await exportLayersModel(model), await exportLayersModel(savable as SavableModel)]
    expect(shown.bytes).toEqual(saved.bytes)
  })

  test('refuses a pass that does not exist', async () => {
    await expect(exportLayersModel(smallModel(), { without: ['magic'] })).rejects.toThrow(UserError)
  })
})
