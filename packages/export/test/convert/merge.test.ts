import { describe, test } from 'vitest'
import { accepted, drawn } from '../support/cases.js'
import { expectSame } from '../support/compare.js'
import { L, type Layer, type Model, on, type Symbolic, tfl } from '../support/tfjs.js'

type Merge = readonly [title: string, shapes: (number | null)[][], make: () => Layer]

/** The layer on inputs of these shapes; with `convolved`, on feature maps of them. */
function mergeModel(shapes: (number | null)[][], make: () => Layer, convolved = false): Model {
  const inputs = shapes.map((shape) => tfl.input({ shape }))
  const map = (x: Symbolic): Symbolic => on(L.conv2d({ filters: 3, kernelSize: 1 }), x)
  const values = convolved ? inputs.map(map) : inputs
  return drawn(tfl.model({ inputs, outputs: on(make(), values), name: 'merge' }))
}

const MERGES: readonly Merge[] = [
  ['Add', [[4], [4], [4]], () => L.add()],
  [
    'Add that broadcasts',
    [
      [4, 1],
      [1, 3],
    ],
    () => L.add(),
  ],
  ['Add of different ranks', [[5, 3], [3]], () => L.add()],
  [
    'Multiply',
    [
      [2, 3],
      [2, 3],
    ],
    () => L.multiply(),
  ],
  ['Multiply of ranks 2 and 4', [[3], [4, 5, 3]], () => L.multiply()],
  ['Average of three', [[4], [4], [4]], () => L.average()],
  ['Maximum', [[4], [4], [4]], () => L.maximum()],
  ['Minimum', [[4], [4]], () => L.minimum()],
  ['Concatenate', [[4], [3], [2]], () => L.concatenate({})],
  [
    'Concatenate along axis 1',
    [
      [2, 3],
      [4, 3],
    ],
    () => L.concatenate({ axis: 1 }),
  ],
  [
    'Concatenate of pictures',
    [
      [2, 3, 4],
      [2, 3, 1],
    ],
    () => L.concatenate({ axis: 3 }),
  ],
  ['Dot of vectors', [[4], [4]], () => L.dot({ axes: 1 })],
  ['Dot of vectors, normalized', [[4], [4]], () => L.dot({ axes: -1, normalize: true })],
  [
    'Dot of sequences',
    [
      [4, 3],
      [5, 3],
    ],
    () => L.dot({ axes: [2, 2] }),
  ],
  [
    'Dot of sequences along their steps',
    [
      [4, 3],
      [4, 5],
    ],
    () => L.dot({ axes: [1, 1] }),
  ],
  [
    'Dot of sequences, mixed axes',
    [
      [4, 3],
      [3, 5],
    ],
    () => L.dot({ axes: [2, 1] }),
  ],
  ['Dot of a sequence and a vector', [[4, 3], [3]], () => L.dot({ axes: [2, 1] })],
  ['Dot of a vector and a sequence', [[3], [4, 3]], () => L.dot({ axes: [1, 2], normalize: true })],
]

describe('A merge computes what tfjs does', () => {
  for (const [title, shapes, make] of MERGES) {
    test(title, async () => {
      await expectSame(mergeModel(shapes, make))
    })
  }
})

describe('A merge of feature maps computes what tfjs does', () => {
  const maps = [
    [4, 5, 2],
    [4, 5, 1],
  ]
  test.each([
    ['Add', () => L.add()],
    ['Multiply', () => L.multiply()],
    ['Average', () => L.average()],
    ['Maximum', () => L.maximum()],
    ['Minimum', () => L.minimum()],
    ['Concatenate of channels', () => L.concatenate({})],
    ['Concatenate of rows', () => L.concatenate({ axis: 1 })],
    ['Concatenate of columns', () => L.concatenate({ axis: 2 })],
    ['Concatenate along axis -2, which tfjs takes for the last', () => L.concatenate({ axis: -2 })],
  ])('%s', async (_, make) => {
    await expectSame(mergeModel(maps, make, true))
  })

  test('also with a picture that is none', async () => {
    const [a, b] = maps.map((shape) => tfl.input({ shape }))
    const map = on(L.conv2d({ filters: 1, kernelSize: 1 }), a as Symbolic)
    const outputs = on(L.multiply(), [map, b as Symbolic])
    await expectSame(drawn(tfl.model({ inputs: [a as Symbolic, b as Symbolic], outputs, name: 'mixed' })))
  })
})

accepted()
