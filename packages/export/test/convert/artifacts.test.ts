import { describe, expect, test } from 'vitest'
import { WeightStore } from '../../src/convert/artifacts.js'
import { halfToFloat } from '../../src/convert/half.js'

const spec = (name: string, shape: number[], dtype = 'float32') => ({ name, shape, dtype })

describe('the weights of a saved model', () => {
  test('are found by layer and weight, in the order of weightSpecs', () => {
    const store = new WeightStore({
      weightSpecs: [spec('a/kernel', [2]), spec('a/bias', [1])],
      weightData: Float32Array.of(1, 2, 3).buffer,
    })
    expect(store.read('a/kernel').values).toEqual(Float32Array.of(1, 2))
    expect(store.read('a/bias').values).toEqual(Float32Array.of(3))
  })

  test('may lie in several shards, and across the border of two', () => {
    const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)
    for (const cut of [0, 1, 4, 7, 16]) {
      const store = new WeightStore({
        weightSpecs: [spec('a/kernel', [3]), spec('a/bias', [1])],
        weightData: [bytes.subarray(0, cut), bytes.slice(cut)],
      })
      expect(store.read('a/kernel').values).toEqual(Float32Array.of(1, 2, 3))
      expect(store.read('a/bias').values).toEqual(Float32Array.of(4))
    }
  })

  test('are found under the name of the cell that TensorFlow puts between', () => {
    const store = new WeightStore({
      weightSpecs: [spec('lstm/lstm_cell/kernel', [1])],
      weightData: Float32Array.of(1).buffer,
    })
    expect(store.find('lstm', 'kernel')).toBe('lstm/lstm_cell/kernel')
  })

  test('are found under the name of the model that Keras 3 puts in front, where only one is meant', () => {
    const names = ['sequential/dense/kernel', 'sequential/lstm/lstm_cell/kernel', 'a/conv/kernel', 'b/conv/kernel']
    const store = new WeightStore({
      weightSpecs: names.map((name) => spec(name, [1])),
      weightData: new Float32Array(4).buffer,
    })
    expect(store.find('dense', 'kernel')).toBe('sequential/dense/kernel')
    expect(store.find('lstm', 'kernel')).toBe('sequential/lstm/lstm_cell/kernel')
    expect(store.find('conv', 'kernel')).toBeUndefined()
    expect(store.find('ense', 'kernel')).toBeUndefined()
    expect(store.find('lstm', 'bias')).toBeUndefined()
  })

  test.each([
    // 3 levels from min -1 in steps of 0.5: -1, -0.5, 0.
    { dtype: 'uint8', scale: 0.5, min: -1, data: Uint8Array.of(0, 1, 2), expected: [-1, -0.5, 0] },
    { dtype: 'uint16', scale: 0.25, min: 2, data: Uint16Array.of(0, 4, 65535), expected: [2, 3, 16385.75] },
    // 0x3c00 is 1, 0xc000 is -2, 0x0001 the smallest subnormal, 2^-24.
    { dtype: 'float16', data: Uint16Array.of(0x3c00, 0xc000, 1), expected: [1, -2, 2 ** -24] },
  ])('quantized as $dtype are restored', ({ data, expected, ...quantization }) => {
    const store = new WeightStore({
      weightSpecs: [{ ...spec('a/kernel', [3]), quantization }],
      weightData: data.buffer,
    })
    expect(Array.from(store.read('a/kernel').values)).toEqual(expected)
  })

  test.each([
    {
      fault: 'too few bytes',
      specs: [spec('a/kernel', [2])],
      bytes: 4,
      message:
        'weights: expected 8 bytes as weightSpecs declare, found 4: is a shard missing, cut short, or from another model?',
    },
    {
      fault: 'too many bytes',
      specs: [spec('a/kernel', [1])],
      bytes: 5,
      message:
        'weights: expected 4 bytes as weightSpecs declare, found 5: is a shard missing, cut short, or from another model?',
    },
    {
      fault: 'a negative size',
      specs: [spec('a/kernel', [-1])],
      bytes: 0,
      message: 'weight a/kernel: expected a shape of integers, found [-1]',
    },
    {
      fault: 'a size beyond any machine',
      specs: [spec('a/kernel', [2 ** 40, 2 ** 40])],
      bytes: 0,
      message: 'weight a/kernel: expected a size that a machine can hold, found shape [1099511627776, 1099511627776]',
    },
    {
      fault: 'a type that no layer has',
      specs: [spec('a/kernel', [1], 'complex64')],
      bytes: 8,
      message: 'weight a/kernel: expected float32, int32, bool, found complex64',
    },
    {
      fault: 'one name twice',
      specs: [spec('a/kernel', [1]), spec('a/kernel', [1])],
      bytes: 8,
      message: 'weight a/kernel: expected a name of its own, found it a second time',
    },
  ])('with $fault are refused', ({ specs, bytes, message }) => {
    expect(() => new WeightStore({ weightSpecs: specs, weightData: new Uint8Array(bytes) })).toThrow(message)
  })
})

test('every half-precision number is what its bits say', () => {
  expect([0x0000, 0x3c01, 0x7bff, 0x0400, 0x83ff].map(halfToFloat)).toEqual([
    0,
    1 + 2 ** -10,
    65504,
    2 ** -14,
    -1023 * 2 ** -24,
  ])
  expect([0x7c00, 0xfc00].map(halfToFloat)).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
  expect(halfToFloat(0x7e00)).toBeNaN()
})
