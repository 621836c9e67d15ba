import { describe, expect, test } from 'vitest'
import { added, multiplied } from '../../src/graph/dimension.js'
import { GraphBuilder, ops } from '../../src/graph/index.js'
import { DataType, type Dimension } from '../../src/onnx/model.js'

describe('dimensions known only at run time', () => {
  test.each<[Dimension[], Dimension]>([
    [[2, 3], 6],
    [['batch', 1], 'batch'],
    [['batch', 9, 4], 'batch*36'],
    [['batch*9', 4], 'batch*36'],
    [['a*2', 'b*3'], 'a*b*6'],
    [['floor((h+2-3)/2)+1', 2], '(floor((h+2-3)/2)+1)*2'],
    [['batch', 0], 0],
  ])('%j multiplied are %s', (dims, product) => {
    expect(multiplied(dims)).toBe(product)
  })

  test('are added', () => {
    expect(added(['h', 2, 1])).toBe('h+3')
  })

  test('come back where a reshape folds them into others and a second one unfolds them', () => {
    const g = new GraphBuilder('there and back')
    const x = g.input({ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 9, 14] })
    const folded = ops.reshape(g, x, g.int64s([-1, 14], 'rows'))
    expect(folded.shape).toEqual(['batch*9', 14])
    expect(ops.reshape(g, folded, g.int64s([-1, 9, 14], 'steps')).shape).toEqual(['batch', 9, 14])
  })
})
