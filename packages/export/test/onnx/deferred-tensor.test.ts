import { describe, expect, test } from 'vitest'
import { decodeModel } from '../../src/onnx/decode.js'
import { copyFloats, deferredFloatTensor, readBytes, renamedTensor } from '../../src/onnx/deferred-tensor.js'
import { encodeModel } from '../../src/onnx/encode.js'
import type { Model, Tensor } from '../../src/onnx/model.js'
import { floatTensor, floatValues } from '../../src/onnx/tensor.js'

const VALUES = [1.5, -2, 3e-8, 4, -0, 6.25]

/** A tensor whose elements are made when they are asked for, and how often they were. */
function counted(name = 'w'): { tensor: Tensor; made: () => number } {
  let made = 0
  const tensor = deferredFloatTensor(name, [2, 3], (target) => {
    made++
    target.set(VALUES)
  })
  return { tensor, made: () => made }
}

function modelOf(initializers: readonly Tensor[]): Model {
  const graph = { name: 'g', docString: '', nodes: [], inputs: [], outputs: [], valueInfos: [], initializers }
  const producer = { producerName: 'test', producerVersion: '', domain: '', modelVersion: 1, docString: '' }
  return { irVersion: 8, opsets: { '': 17 }, ...producer, graph, metadata: {} }
}

describe('a tensor whose elements are made later', () => {
  test('is encoded to the same bytes, wherever in the file its numbers come to lie', () => {
    // Names of growing length move what follows them: four in a row are every distance from a multiple of four.
    const names = ['a', 'bb', 'ccc', 'dddd', 'eeeee']
    const plain = encodeModel(modelOf(names.map((name) => floatTensor(name, [2, 3], VALUES))))
    const later = encodeModel(modelOf(names.map((name) => counted(name).tensor)))
    expect(later).toEqual(plain)
    const read = decodeModel(later).graph.initializers
    expect(read.map((tensor) => Array.from(floatValues(tensor)))).toEqual(
      names.map(() => VALUES.map((value) => Math.fround(value))),
    )
  })

  test('makes them for the file alone, without keeping them', () => {
    const { tensor, made } = counted()
    encodeModel(modelOf([tensor]))
    encodeModel(modelOf([tensor]))
    expect(made()).toBe(2)
  })

  test('makes them once for whoever asks for its data', () => {
    const { tensor, made } = counted()
    expect(tensor.data).toBe(tensor.data)
    encodeModel(modelOf([tensor]))
    expect(made()).toBe(1)
  })

  test('keeps them to be made later under another name', () => {
    const { tensor, made } = counted()
    const renamed = renamedTensor(tensor, 'v')
    expect(made()).toBe(0)
    expect(renamed.name).toBe('v')
    expect(readBytes(renamed)).toEqual(floatTensor('v', [2, 3], VALUES).data)
  })

  test('is copied as it is where it was changed', () => {
    const changed = { ...counted().tensor, data: floatTensor('w', [2, 3], [9, 8, 7, 6, 5, 4]).data }
    const target = new Float32Array(6)
    copyFloats(changed, target)
    expect(Array.from(target)).toEqual([9, 8, 7, 6, 5, 4])
  })
})
