import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inversePermutation, transposed } from '../../src/convert/transpose.js'
import { fromOnnx, toOnnx, transposedLayout, type WeightBinding } from '../../src/convert/weight-binding.js'

/** The definition, element by element: result[i…] = source[i by order]. */
function transposedByDefinition(values: Float32Array, dims: readonly number[], order: readonly number[]): number[] {
  const steps = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1))
  const shape = order.map((axis) => dims[axis] as number)
  return Array.from(values, (_, position) => {
    let rest = position
    let source = 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += (rest % (shape[axis] as number)) * (steps[order[axis] as number] as number)
      rest = Math.floor(rest / (shape[axis] as number))
    }
    return values[source] as number
  })
}

const shapeAndOrder = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 0, maxLength: 5 })
  .chain((dims) =>
    fc.tuple(
      fc.constant(dims),
      fc.shuffledSubarray([...dims.keys()], { minLength: dims.length, maxLength: dims.length }),
    ),
  )

function counting(dims: readonly number[]): Float32Array {
  return Float32Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, (_, index) => index)
}

describe('transposed', () => {
  test('equals the definition for every shape and permutation', () => {
    fc.assert(
      fc.property(shapeAndOrder, ([dims, order]) => {
        const values = counting(dims)
        expect(Array.from(transposed(values, dims, order))).toEqual(transposedByDefinition(values, dims, order))
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    { dims: [70, 65], order: [1, 0] },
    { dims: [33, 2, 40], order: [2, 1, 0] },
    { dims: [3, 3, 37, 41], order: [3, 2, 0, 1] },
    { dims: [2, 35, 1, 36], order: [0, 3, 2, 1] },
  ])('equals the definition beyond one tile: $dims by $order', ({ dims, order }) => {
    const values = counting(dims)
    expect(Array.from(transposed(values, dims, order))).toEqual(transposedByDefinition(values, dims, order))
  })

  test('gives an empty array for a shape with a zero', () => {
    expect(transposed(new Float32Array(0), [0, 3], [1, 0])).toHaveLength(0)
  })
})

describe('a weight binding', () => {
  test('takes every tfjs array to ONNX and back, and every ONNX array to tfjs and back', () => {
    fc.assert(
      fc.property(shapeAndOrder, ([dims, order]) => {
        const binding: WeightBinding = {
          initializer: 'i',
          layer: 'l',
          weight: 'w',
          layout: transposedLayout(dims, order),
        }
        const values = counting(dims)
        expect(fromOnnx(binding, toOnnx(binding, values))).toEqual(values)
        expect(toOnnx(binding, fromOnnx(binding, values))).toEqual(values)
      }),
      { numRuns: 300 },
    )
  })

  test('orders blocks, such as the gates of an LSTM, and puts them back', () => {
    // [2, 4 gates × 1] -> [4, 2] -> the gates as i, o, f, c.
    const layout = { reshape: [2, 4], transpose: [1, 0], shape: [1, 4, 2], blocks: [0, 3, 1, 2] }
    const binding: WeightBinding = { initializer: 'i', layer: 'l', weight: 'w', layout }
    const values = Float32Array.of(10, 11, 12, 13, 20, 21, 22, 23)
    expect(Array.from(toOnnx(binding, values))).toEqual([10, 20, 13, 23, 11, 21, 12, 22])
    expect(fromOnnx(binding, toOnnx(binding, values))).toEqual(values)
  })

  test('never gives back the memory that it was given', () => {
    const binding: WeightBinding = { initializer: 'i', layer: 'l', weight: 'w', layout: transposedLayout([3], [0]) }
    const values = counting([3])
    expect(toOnnx(binding, values).buffer).not.toBe(values.buffer)
  })
})

test('a permutation and its inverse undo each other', () => {
  fc.assert(
    fc.property(shapeAndOrder, ([, order]) => {
      const inverse = inversePermutation(order)
      expect(order.map((axis) => inverse[axis])).toEqual([...order.keys()])
    }),
  )
})
