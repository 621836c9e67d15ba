import { describe, expect, test } from 'vitest'
import { COMPOSITE_RULES } from '../../src/gradient/composite.js'
import { dropoutMask, dropoutMaskOf } from '../../src/gradient/dropout.js'
import { portable } from '../../src/gradient/portable/index.js'
import { trainingStep } from '../../src/gradient/training-step.js'
import { GraphBuilder } from '../../src/graph/builder.js'
import * as op from '../../src/graph/ops/index.js'
import { DataType, type Model } from '../../src/onnx/model.js'
import { lenet5, NetworkBuilder, randomBatch } from './support/networks.js'
import { floats, initialState, integers, openSession, run } from './support/session.js'

/** A graph that gives the mask of x alone; with `parts`, of the rows from `first_row` on. */
function maskModel(layer: number, ratio: number, parts = false): Model {
  const g = new GraphBuilder('mask', { rules: COMPOSITE_RULES })
  const x = g.input({ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 5, 'width'] })
  const seed = g.input({ name: 'seed', dataType: DataType.INT64, shape: [] })
  const firstRow = parts ? g.input({ name: 'first_row', dataType: DataType.INT64, shape: [] }) : undefined
  g.output(op.identity(g, dropoutMaskOf(g, [x, { seed, firstRow }], { layer, ratio })))
  return { ...lenet5(1), graph: portable(g.graph()) }
}

describe('the mask of a graph is dropoutMask’s', () => {
  test.each([
    { seed: 0, layer: 0, ratio: 0.5, batch: 3 },
    { seed: 1, layer: 1, ratio: 0.1, batch: 1 },
    { seed: 2 ** 32 + 7, layer: 0, ratio: 0.25, batch: 4 },
    { seed: Number.MAX_SAFE_INTEGER, layer: 3, ratio: 0.9, batch: 2 },
    { seed: -1, layer: 0, ratio: 0.999, batch: 2 },
  ])('seed $seed, layer $layer, ratio $ratio', async ({ seed, layer, ratio, batch }) => {
    const shape = [batch, 5, 101]
    const session = await openSession(maskModel(layer, ratio))
    const results = await session({
      x: floats(shape, new Float32Array(batch * 505)),
      seed: integers([], [seed]),
    })
    const [[name, values] = ['', []]] = Object.entries(results)
    expect(name).not.toBe('')
    expect(values).toEqual([...dropoutMask({ seed, layer, shape, ratio })])
  })
})

test('the masks of a batch’s parts are the mask of the batch', async () => {
  const session = await openSession(maskModel(1, 0.5, true))
  const seed = integers([], [77])
  const found: number[] = []
  for (const [firstRow, rows] of [
    [0, 2],
    [2, 3],
    [5, 1],
  ] as const) {
    const x = floats([rows, 5, 7], new Float32Array(rows * 35))
    for (const values of Object.values(await session({ x, seed, first_row: integers([], [firstRow]) })))
      found.push(...values)
  }
  expect(found).toEqual([...dropoutMask({ seed: 77, layer: 1, shape: [6, 5, 7], ratio: 0.5 })])
})

/** +1 where kept, -1 where dropped. */
function signs(seed: number, layer: number, count: number): Int8Array {
  return Int8Array.from(dropoutMask({ seed, layer, shape: [count], ratio: 0.5 }), (value) => (value === 0 ? -1 : 1))
}

/** The correlation of two rows of signs in standard deviations: for independent ones it is normal, so |z| < 4.5 all but surely. */
function deviations(a: Int8Array, b: Int8Array): number {
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number)
  return Math.abs(sum) / Math.sqrt(a.length)
}

describe('the mask is as good as random', () => {
  const COUNT = 1 << 16

  test.each([0.1, 0.5, 0.8])('a share of %d is dropped, in every seed, and the mean stays 1', (ratio) => {
    for (let seed = 0; seed < 8; seed++) {
      const mask = dropoutMask({ seed, layer: 0, shape: [COUNT], ratio })
      const dropped = mask.filter((value) => value === 0).length
      const spread = Math.sqrt(COUNT * ratio * (1 - ratio))
      expect(Math.abs(dropped - COUNT * ratio)).toBeLessThan(4.5 * spread)
      expect(mask.reduce((sum, value) => sum + value, 0) / COUNT).toBeCloseTo(1, 1)
    }
  })

  test('elements at any distance are independent', () => {
    const row = signs(7, 0, COUNT)
    for (const lag of [1, 2, 3, 4, 7, 8, 16, 32, 64, 84, 120, 128, 256, 512, 1024, 4096, 8192, 32768]) {
      expect(deviations(row.subarray(lag), row.subarray(0, COUNT - lag)), `lag ${lag}`).toBeLessThan(4.5)
    }
  })

  test('steps with neighbouring seeds are independent, also beyond 32 bits, and shifted', () => {
    for (const base of [0, 1000, 2 ** 32 - 2, 2 ** 40]) {
      const rows = [0, 1, 2, 3, 4].map((offset) => signs(base + offset, 0, COUNT))
      for (const [index, row] of rows.entries()) {
        for (const other of rows.slice(index + 1)) {
          expect(deviations(row, other), `seed ${base}`).toBeLessThan(4.5)
          expect(deviations(row.subarray(1), other.subarray(0, COUNT - 1)), `seed ${base}`).toBeLessThan(4.5)
        }
      }
    }
  })

  test('layers of a step are independent', () => {
    const rows = [0, 1, 2, 3].map((layer) => signs(5, layer, COUNT))
    for (const [index, row] of rows.entries()) {
      for (const other of rows.slice(index + 1)) expect(deviations(row, other)).toBeLessThan(4.5)
    }
  })

  test('an element is dropped in half of all steps, and independently from step to step', () => {
    const steps = Array.from({ length: 4096 }, (_, seed) => signs(seed, 0, 8))
    for (let element = 0; element < 8; element++) {
      const row = Int8Array.from(steps, (step) => step[element] as number)
      const ones = new Int8Array(row.length).fill(1)
      expect(deviations(row, ones)).toBeLessThan(4.5)
      for (const lag of [1, 2, 4, 256, 469]) {
        expect(deviations(row.subarray(lag), row.subarray(0, row.length - lag)), `lag ${lag}`).toBeLessThan(4.5)
      }
    }
  })

  test('runs of eight neighbours are equally frequent', () => {
    const counts = new Float64Array(256)
    const row = signs(11, 0, COUNT)
    for (let start = 0; start < COUNT; start += 8) {
      let pattern = 0
      for (let bit = 0; bit < 8; bit++) pattern = 2 * pattern + (row[start + bit] === 1 ? 1 : 0)
      counts[pattern] = (counts[pattern] as number) + 1
    }
    const expected = COUNT / 8 / 256
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 255 degrees of freedom: mean 255, standard deviation √510 = 22.6.
    expect(Math.abs(chiSquare - 255)).toBeLessThan(4.5 * 22.6)
  })
})

describe('a training step with dropout', () => {
  test('that drops nothing has no seed, and lets every gradient through', async () => {
    const build = (ratio?: number): Model => {
      const n = new NetworkBuilder('dropout', 3)
      const hidden = op.relu(n.g, n.dense('dense', op.flatten(n.g, n.image(4)), 40))
      return n.logits(ratio === undefined ? hidden : n.dropout('drop', hidden, ratio))
    }
    const { pixels, labels } = randomBatch(1, 6, 4)
    const results = await Promise.all(
      [build(0), build()].map((model) => {
        const step = trainingStep(model, { gradients: true })
        expect(step.graph.inputs.map(({ name }) => name)).not.toContain('seed')
        return run(step, {
          ...initialState(model, step),
          image: floats([6, 1, 4, 4], pixels),
          label: integers([6], labels),
        })
      }),
    )
    expect(results[0]).toEqual(results[1])
  })

  function network(): Model {
    const n = new NetworkBuilder('dropout', 3)
    const flat = op.flatten(n.g, n.image(4))
    return n.logits(n.dropout('drop', op.relu(n.g, n.dense('dense', flat, 40)), 0.5))
  }

  test('repeats with its seed, and differs with another', async () => {
    const model = network()
    const step = trainingStep(model)
    const { pixels, labels } = randomBatch(1, 6, 4)
    const feeds = { ...initialState(model, step), image: floats([6, 1, 4, 4], pixels), label: integers([6], labels) }
    const with_ = (seed: number) =>
      run(step, { ...feeds, learning_rate: floats([], [0.1]), seed: integers([], [seed]) })
    const [first, again, other] = [await with_(1), await with_(1), await with_(2)]
    expect(again).toEqual(first)
    expect(other.loss).not.toEqual(first.loss)
  })

  test('has no seed where nothing is dropped', () => {
    const n = new NetworkBuilder('none', 3)
    const flat = op.flatten(n.g, n.image(4))
    const step = trainingStep(n.logits(n.dropout('drop', flat, 0)))
    expect(step.graph.inputs.map(({ name }) => name)).not.toContain('seed')
  })
})
