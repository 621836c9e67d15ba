/** Tables of layers, each compared with tfjs, as they stand in the converter's tests. */
import { describe, expect, test } from 'vitest'
import { checkCollected, python } from './collect.js'
import { type CompareOptions, expectSame } from './compare.js'
import { randomOf } from './random.js'
import { type Layer, type Model, on, randomizeWeights, tfl } from './tfjs.js'

/** A layer, or several after one another, on one input of this shape, without the batch. */
export type Case = readonly [
  title: string,
  shape: (number | null)[],
  make: () => Layer | Layer[],
  options?: CompareOptions,
]

let count = 0

/** The layers after one another, their weights drawn. */
export function modelOf(
  shape: (number | null)[],
  made: Layer | Layer[],
  dtype: 'float32' | 'int32' = 'float32',
): Model {
  const input = tfl.input({ shape, dtype })
  const layers = Array.isArray(made) ? made : [made]
  const output = layers.reduce((x, layer) => on(layer, x), input)
  return drawn(tfl.model({ inputs: input, outputs: output, name: `case${count}` }))
}

/** The model with its weights drawn. */
export function drawn(model: Model): Model {
  randomizeWeights(model, randomOf(++count))
  return model
}

/** A test for each case. */
export function cases(title: string, table: readonly Case[]): void {
  describe(title, () => {
    for (const [name, shape, make, options] of table) {
      test(`${name}, of [${shape.join(', ')}]`, async () => {
        await expectSame(modelOf(shape, make()), options)
      })
    }
  })
}

/** The test that comes last in a file: Python's checker on every model that the file made. */
export function accepted(): void {
  test.runIf(python)('the onnx package accepts every model of these (needs ORACLE_PYTHON)', async () => {
    const { checked, refused } = await checkCollected()
    expect(refused).toEqual([])
    expect(checked).toBeGreaterThan(0)
  })
}
