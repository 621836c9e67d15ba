import { describe, expect, test } from 'vitest'
import { COMPOSITE_RULES } from '../../src/gradient/composite.js'
import { PORTABLE_RULES, portable } from '../../src/gradient/portable/index.js'
import { gradients } from '../../src/gradient/reverse.js'
import { GraphBuilder, ints, type Value } from '../../src/graph/builder.js'
import * as op from '../../src/graph/ops/index.js'
import { DataType } from '../../src/onnx/model.js'
import { compareWithDifferences, type RuleCase } from './support/finite-differences.js'
import { lenet5 } from './support/networks.js'
import { Random } from './support/random.js'
import { floats, run } from './support/session.js'

interface Geometry {
  readonly rank: number
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly pads: readonly number[]
  readonly dilations: readonly number[]
  readonly size: readonly number[]
  readonly group: number
}

/** A window that fits and never lies in the padding alone: pads smaller than the kernel, no picture smaller than a dilation. */
function geometry(random: Random, { dilated }: { dilated: boolean }): Geometry {
  const rank = random.integer(1, 3)
  const each = (draw: () => number): number[] => Array.from({ length: rank }, draw)
  const kernel = each(() => random.integer(1, 3))
  const dilations = each(() => (dilated ? random.integer(1, 2) : 1))
  const strides = each(() => random.integer(1, 3))
  const pads = [...kernel, ...kernel].map((length) => random.integer(0, length - 1))
  const size = each(() => 0).map((_, axis) => {
    const span = (dilations[axis] as number) * ((kernel[axis] as number) - 1) + 1
    const padding = (pads[axis] as number) + (pads[axis + rank] as number)
    return Math.max(1, span - padding) + (dilations[axis] as number) - 1 + random.integer(0, rank === 3 ? 2 : 4)
  })
  return { rank, kernel, strides, pads, dilations, size, group: random.integer(1, 3) }
}

const WINDOWED: Readonly<Record<string, (random: Random) => { rule: RuleCase; what: Geometry }>> = {
  Conv(random) {
    const what = geometry(random, { dilated: true })
    const { kernel, group, size, strides, pads, dilations } = what
    const [channels, filters] = [random.integer(1, 2), random.integer(1, 2)]
    const rule: RuleCase = {
      inputs: [
        { shape: [2, channels * group, ...size] },
        { shape: [filters * group, channels, ...kernel] },
        { shape: [filters * group] },
      ],
      build: (g, [x, w, b]) => op.conv(g, [x as Value, w as Value, b], { strides, pads, dilations, group }),
      dynamicBatch: true,
    }
    return { rule, what }
  },
  ConvTranspose(random) {
    const what = geometry(random, { dilated: true })
    const { kernel, group, size, strides, dilations } = what
    const [channels, filters] = [random.integer(1, 2), random.integer(1, 2)]
    const outputPadding = strides.map((stride) => random.integer(0, stride - 1))
    const rule: RuleCase = {
      inputs: [
        { shape: [2, channels * group, ...size] },
        { shape: [channels * group, filters, ...kernel] },
        { shape: [filters * group] },
      ],
      build: (g, [x, w, b]) =>
        op.convTranspose(g, [x as Value, w as Value, b], { strides, dilations, group, outputPadding }),
      dynamicBatch: true,
    }
    return { rule, what }
  },
  MaxPool(random) {
    const what = geometry(random, { dilated: true })
    const { kernel, size, strides, pads, dilations } = what
    const given = { kernel_shape: ints(kernel), strides: ints(strides), pads: ints(pads), dilations: ints(dilations) }
    const rule: RuleCase = {
      inputs: [{ shape: [2, 2, ...size], domain: 'apart' }],
      build: (g, [x]) => g.op('MaxPool', [x], { attributes: given }),
      dynamicBatch: true,
    }
    return { rule, what }
  },
  AveragePool(random) {
    const what = geometry(random, { dilated: false })
    const { kernel, size, strides, pads } = what
    const countIncludePad = random.integer(0, 1) as 0 | 1
    const rule: RuleCase = {
      inputs: [{ shape: [2, 2, ...size] }],
      build: (g, [x]) => op.averagePool(g, x as Value, { kernelShape: kernel, strides, pads, countIncludePad }),
      dynamicBatch: true,
    }
    return { rule, what }
  },
}

describe('where several elements of a window are the largest, the gradient of MaxPool goes to the first, as in PyTorch', () => {
  test('also beside padding, which is never chosen', async () => {
    const g = new GraphBuilder('ties', { rules: COMPOSITE_RULES })
    const x = g.input({ name: 'image', dataType: DataType.FLOAT, shape: ['batch', 1, 3, 3] })
    const y = op.maxPool(g, x, { kernelShape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }) // 2×2
    const dy = g.input({ name: 'dy', dataType: DataType.FLOAT, shape: y.shape })
    const found = gradients(g, { nodes: g.graph().nodes, seeds: [{ value: y.name, gradient: dy }], wanted: ['image'] })
    g.output(g.op('Identity', [found.get('image') as Value], { outputs: ['dx'] }))
    const model = { ...lenet5(1), graph: portable(g.graph()) }
    const dys = floats([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
    const { dx } = await run(model, { image: floats([2, 1, 3, 3], Array(18).fill(-7)), dy: dys })
    // Windows begin at (0, 0), (0, 1), (1, 0) and (1, 1) once the padding is left out.
    expect(dx).toEqual([1, 2, 0, 3, 4, 0, 0, 0, 0, 5, 6, 0, 7, 8, 0, 0, 0, 0])
  })
})

test('every composite operator has a portable expansion', () => {
  expect(Object.keys(PORTABLE_RULES).sort()).toEqual(Object.keys(COMPOSITE_RULES).sort())
})

describe('a windowed op of random geometry agrees with finite differences', () => {
  const cases = Object.keys(WINDOWED).flatMap((name) =>
    Array.from({ length: 25 }, (_, index) => ({ name, seed: index + 1 })),
  )
  test.each(cases)('$name, seed $seed', async ({ name, seed }) => {
    const random = new Random(seed)
    const { rule, what } = (WINDOWED[name] as (random: Random) => { rule: RuleCase; what: Geometry })(random)
    const { error } = await compareWithDifferences(rule, random)
    expect(error, JSON.stringify(what)).toBeLessThan(1e-4)
  })
})
