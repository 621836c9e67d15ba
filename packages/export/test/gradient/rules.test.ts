import { describe, expect, test } from 'vitest'
import { batchMean, batchNormalize, batchVariance } from '../../src/gradient/batch-normalization.js'
import { dropoutMaskOf } from '../../src/gradient/dropout.js'
import { GRADIENT_RULES } from '../../src/gradient/rules.js'
import { float, type GraphBuilder, int, ints, string, type Value } from '../../src/graph/builder.js'
import * as op from '../../src/graph/ops/index.js'
import { int64Tensor } from '../../src/onnx/tensor.js'
import { compareWithDifferences, type Domain, type RuleCase } from './support/finite-differences.js'
import { Random } from './support/random.js'

type Build = (g: GraphBuilder, x: Value) => Value

/** An op of one input. */
const unary = (build: Build, domain: Domain = 'normal', shape: readonly number[] = [2, 3, 4]): RuleCase => ({
  inputs: [{ shape, domain }],
  build: (g, [x]) => build(g, x as Value),
})

/** An op of two inputs whose shapes broadcast. */
const binary = (
  build: (g: GraphBuilder, a: Value, b: Value) => Value,
  domain: Domain = 'normal',
  shapes: readonly (readonly number[])[] = [
    [2, 3, 4],
    [3, 1],
  ],
): RuleCase => ({
  inputs: shapes.map((shape) => ({ shape, domain })),
  build: (g, [a, b]) => build(g, a as Value, b as Value),
})

const attributes =
  (opType: string, given: Parameters<GraphBuilder['op']>[2]): Build =>
  (g, x) =>
    g.op(opType, [x], given)

const raised = (g: GraphBuilder, x: Value): Value => op.add(g, x, g.scalar(0.1, 'tenth'))

/** Batch normalization as the training step has it, its statistics those of x. */
const batchNorm = (g: GraphBuilder, [x, scale, bias]: readonly Value[]): Value => {
  const mean = batchMean(g, x as Value)
  const variance = batchVariance(g, x as Value, mean)
  const inputs = { x, scale, bias, mean, variance } as Parameters<typeof batchNormalize>[1]
  return op.identity(g, batchNormalize(g, inputs, { name: 'bn', outputs: ['y'], epsilon: 0.01 }))
}

const CASES: Readonly<Record<string, readonly (readonly [string, RuleCase])[]>> = {
  Abs: [['', unary(op.abs, 'apart')]],
  Add: [
    ['', binary(op.add)],
    [
      'of a row and a column',
      binary(op.add, 'normal', [
        [1, 4],
        [3, 1],
      ]),
    ],
  ],
  AveragePool: [],
  BatchNormalization: [
    [
      'with fixed statistics',
      {
        inputs: [{ shape: [3, 2, 2, 2] }, { shape: [2] }, { shape: [2] }],
        build: (g, [x, scale, bias]) => {
          const vector = (name: string, values: number[]): Value =>
            g.initializer({ name, dataType: 1, dims: [2], data: new Uint8Array(Float32Array.from(values).buffer) })
          const [mean, variance] = [vector('mean', [0.3, -0.2]), vector('variance', [0.7, 1.4])]
          return op.batchNormalization(g, { x, scale, bias, mean, variance } as op.BatchNormalizationInputs)
        },
      },
    ],
  ],
  'mnist.gradient.BatchNormalize': [
    [
      'of maps',
      { inputs: [{ shape: [3, 2, 4, 3] }, { shape: [2] }, { shape: [2] }], build: batchNorm, dynamicBatch: true },
    ],
    [
      'of vectors',
      { inputs: [{ shape: [6, 3] }, { shape: [3] }, { shape: [3] }], build: batchNorm, dynamicBatch: true },
    ],
  ],
  Clip: [
    ['on both sides', unary((g, x) => op.clip(g, x, g.scalar(-2.1, 'low'), g.scalar(3.4, 'high')), 'apart')],
    ['below', unary((g, x) => op.clip(g, x, g.scalar(0, 'low')), 'apart')],
  ],
  Concat: [
    [
      'of three',
      {
        inputs: [{ shape: [2, 3] }, { shape: [2, 1] }, { shape: [2, 2] }],
        build: (g, parts) => op.concat(g, parts, { axis: -1 }),
      },
    ],
    ['of a value with itself', unary((g, x) => op.concat(g, [x, x], { axis: 1 }))],
  ],
  Conv: [],
  ConvTranspose: [],
  DepthToSpace: [
    [
      'DCR',
      unary(
        attributes('DepthToSpace', { attributes: { blocksize: int(2), mode: string('DCR') } }),
        'normal',
        [2, 8, 2, 3],
      ),
    ],
    [
      'CRD',
      unary(
        attributes('DepthToSpace', { attributes: { blocksize: int(2), mode: string('CRD') } }),
        'normal',
        [2, 8, 2, 3],
      ),
    ],
  ],
  Div: [['', binary(op.div, 'positive')]],
  Einsum: [
    [
      'of matrices',
      binary((g, a, b) => op.einsum(g, 'bij,bjk->bik', a, b), 'normal', [
        [2, 3, 4],
        [2, 4, 2],
      ]),
    ],
    [
      'implicit',
      binary((g, a, b) => op.einsum(g, 'ij,kj', a, b), 'normal', [
        [3, 4],
        [2, 4],
      ]),
    ],
    ['of one', unary((g, x) => op.einsum(g, 'abc->cab', x))],
  ],
  Elu: [['', unary((g, x) => op.elu(g, x, { alpha: 0.7 }), 'apart', [2, 3])]],
  Erf: [['', unary(op.erf)]],
  Exp: [['', unary(op.exp)]],
  Expand: [['to more axes', unary((g, x) => op.expand(g, x, g.int64s([2, 3, 4])), 'normal', [3, 1])]],
  Flatten: [['', unary((g, x) => op.flatten(g, x, { axis: 2 }))]],
  Gather: [
    ['with an index twice', unary((g, x) => op.gather(g, x, g.int64s([0, 2, 2])), 'normal', [4, 3])],
    [
      'along the second axis, negative indices, two axes of them',
      unary((g, x) => op.gather(g, x, g.constant(int64Tensor('i', [2, 2], [0, -1, 1, 1])), { axis: 1 })),
    ],
  ],
  GatherElements: [
    [
      '',
      unary(
        (g, x) => op.gatherElements(g, x, g.constant(int64Tensor('i', [2, 2], [0, 2, 1, 1])), { axis: 1 }),
        'normal',
        [2, 3],
      ),
    ],
  ],
  Gemm: [
    ...[0, 1, 2, 3].map((bits): readonly [string, RuleCase] => {
      const [transA, transB] = [(bits & 1) as 0 | 1, (bits >> 1) as 0 | 1]
      return [
        `transA ${transA}, transB ${transB}, alpha and beta`,
        {
          inputs: [{ shape: transA ? [4, 3] : [3, 4] }, { shape: transB ? [2, 4] : [4, 2] }, { shape: [2] }],
          build: (g, [a, b, c]) => op.gemm(g, [a as Value, b as Value, c], { transA, transB, alpha: 0.5, beta: 1.5 }),
        },
      ]
    }),
  ],
  GlobalAveragePool: [['', unary(op.globalAveragePool)]],
  GlobalMaxPool: [['', unary(op.globalMaxPool, 'apart', [2, 2, 3, 2])]],
  HardSigmoid: [['', unary((g, x) => op.hardSigmoid(g, x, { alpha: 0.3, beta: 0.4 }), 'apart')]],
  Identity: [['', unary(op.identity)]],
  LayerNormalization: [
    [
      'over two axes',
      {
        inputs: [{ shape: [3, 2, 4] }, { shape: [2, 4] }, { shape: [2, 4] }],
        build: (g, inputs) =>
          g.op('LayerNormalization', inputs, { attributes: { axis: int(1), epsilon: float(0.01) } }),
      },
    ],
  ],
  LeakyRelu: [['', unary((g, x) => op.leakyRelu(g, x, { alpha: 0.2 }), 'apart')]],
  Log: [['', unary(op.log, 'positive')]],
  LogSoftmax: [['', unary((g, x) => op.logSoftmax(g, x, { axis: 1 }))]],
  MatMul: [
    [
      'of matrices',
      binary(op.matMul, 'normal', [
        [3, 4],
        [4, 2],
      ]),
    ],
    [
      'with broadcast batches',
      binary(op.matMul, 'normal', [
        [2, 1, 2, 3],
        [4, 3, 2],
      ]),
    ],
    ['of a matrix and a vector', binary(op.matMul, 'normal', [[3, 4], [4]])],
    ['of a vector and matrices', binary(op.matMul, 'normal', [[4], [2, 4, 3]])],
    ['of vectors', binary(op.matMul, 'normal', [[4], [4]])],
  ],
  Max: [['', binary((g, a, b) => op.max(g, a, raised(g, b), g.scalar(0.05, 'c')), 'apart')]],
  MaxPool: [],
  Mean: [['', binary((g, a, b) => g.op('Mean', [a, b]))]],
  Min: [['', binary((g, a, b) => op.min(g, a, raised(g, b)), 'apart')]],
  Mul: [
    ['', binary(op.mul)],
    ['of a value with itself', unary((g, x) => op.mul(g, x, x))],
  ],
  Neg: [['', unary(op.neg)]],
  PRelu: [
    [
      'with a slope a channel',
      {
        inputs: [{ shape: [2, 3, 4], domain: 'apart' }, { shape: [3, 1] }],
        build: (g, [x, s]) => op.prelu(g, x as Value, s as Value),
      },
    ],
  ],
  Pad: [
    ['', unary((g, x) => op.pad(g, x, g.int64s([0, 1, 0, 0, 2, 3])))],
    ['that adds nothing', unary((g, x) => op.pad(g, x, g.int64s([0, 0, 0, 0, 0, 0])))],
  ],
  Pow: [
    ['of both', binary(op.pow, 'positive')],
    ['by 3', unary((g, x) => op.pow(g, x, g.scalar(3, 'three')))],
  ],
  Reciprocal: [['', unary(op.reciprocal, 'positive')]],
  ReduceL2: [['', unary(attributes('ReduceL2', { attributes: { axes: ints([0, 2]) } }))]],
  ReduceLogSumExp: [['', unary(attributes('ReduceLogSumExp', { attributes: { axes: ints([1]), keepdims: int(0) } }))]],
  ReduceMax: [['', unary((g, x) => op.reduceMax(g, x, { axes: [1], keepdims: 0 }), 'apart')]],
  ReduceMean: [
    ['', unary((g, x) => op.reduceMean(g, x, { axes: [-1, 0] }))],
    ['without keeping axes, over all', unary((g, x) => op.reduceMean(g, x, { keepdims: 0 }))],
    [
      'over a dynamic axis',
      { ...unary((g, x) => op.reduceMean(g, x, { axes: [0], keepdims: 0 })), dynamicBatch: true },
    ],
  ],
  ReduceMin: [['', unary(attributes('ReduceMin', { attributes: { axes: ints([0]) } }), 'apart')]],
  ReduceSum: [['', unary((g, x) => op.reduceSum(g, x, { axes: [1], keepdims: 0 }))]],
  ReduceSumSquare: [['', unary((g, x) => op.reduceSumSquare(g, x, { axes: [2] }))]],
  Relu: [['', unary(op.relu, 'apart')]],
  Reshape: [['', unary((g, x) => op.reshape(g, x, g.int64s([0, 12])))]],
  Resize: [
    [
      'nearest by whole scales, as UpSampling2D has it',
      unary(
        (g, x) =>
          op.resize(
            g,
            x,
            { scales: [2, 3] },
            { mode: 'nearest', coordinateTransformationMode: 'asymmetric', nearestMode: 'floor' },
          ),
        'normal',
        [2, 1, 6, 5],
      ),
    ],
    [
      'by scales that do not divide the size',
      unary(
        (g, x) => op.resize(g, x, { scales: [1.7] }, { mode: 'linear', coordinateTransformationMode: 'half_pixel' }),
        'normal',
        [2, 1, 5],
      ),
    ],
    ...(['half_pixel', 'align_corners', 'asymmetric', 'pytorch_half_pixel'] as const).flatMap((by) =>
      (['linear', 'nearest'] as const).map((mode): readonly [string, RuleCase] => [
        `${mode}, ${by}`,
        {
          ...unary(
            (g, x) =>
              op.resize(g, x, { sizes: [7, 2] }, { mode, coordinateTransformationMode: by, nearestMode: 'floor' }),
            'normal',
            [2, 2, 3, 5],
          ),
          dynamicBatch: true,
        },
      ]),
    ),
  ],
  Selu: [['', unary((g, x) => op.selu(g, x), 'apart', [2, 3])]],
  Sigmoid: [['', unary(op.sigmoid)]],
  Slice: [
    ['from the middle', unary((g, x) => op.slice(g, x, { starts: [1, 1], ends: [3, -1], axes: [1, 2] }))],
    [
      'with steps',
      unary((g, x) => op.slice(g, x, { starts: [1], ends: [7], axes: [0], steps: [2] }), 'normal', [8, 2]),
    ],
    [
      'with steps to the end',
      unary((g, x) => op.slice(g, x, { starts: [0], ends: [99], axes: [0], steps: [3] }), 'normal', [8, 2]),
    ],
    [
      'backwards',
      unary((g, x) => op.slice(g, x, { starts: [-2], ends: [-99], axes: [0], steps: [-2] }), 'normal', [8, 2]),
    ],
  ],
  Softmax: [['', unary((g, x) => op.softmax(g, x, { axis: 1 }))]],
  Softplus: [['', unary(op.softplus)]],
  Softsign: [['', unary(op.softsign, 'apart')]],
  SpaceToDepth: [
    ['', unary(attributes('SpaceToDepth', { attributes: { blocksize: int(2) } }), 'normal', [2, 2, 4, 6])],
  ],
  Split: [
    [
      'of which one part is not used',
      unary((g, x) => {
        const [a, , c] = op.split(g, x, [1, 1, 2], { axis: 2 }) as [Value, Value, Value]
        return op.mul(g, a, c)
      }),
    ],
  ],
  Sqrt: [['', unary(op.sqrt, 'positive')]],
  Squeeze: [['', unary((g, x) => op.squeeze(g, x, [1]), 'normal', [3, 1, 2])]],
  Sub: [['', binary(op.sub)]],
  Sum: [['', binary((g, a, b) => g.op('Sum', [a, b, a]))]],
  Tanh: [['', unary(op.tanh)]],
  ThresholdedRelu: [['', unary((g, x) => op.thresholdedRelu(g, x, { alpha: 0.6 }), 'apart')]],
  Tile: [['', unary((g, x) => op.tile(g, x, g.int64s([2, 1, 3])))]],
  Transpose: [['', unary((g, x) => op.transpose(g, x, { perm: [2, 0, 1] }))]],
  Unsqueeze: [['', unary((g, x) => op.unsqueeze(g, x, [0, 2]))]],
  Where: [
    [
      '',
      binary((g, a, b) =>
        op.where(
          g,
          op.greater(
            g,
            g.constant({
              name: 'c',
              dataType: 1,
              dims: [4],
              data: new Uint8Array(Float32Array.of(1, -1, 1, -1).buffer),
            }),
            g.scalar(0, 'z'),
          ),
          a,
          b,
        ),
      ),
    ],
  ],
  // What lets nothing through, beside what does.
  'mnist.gradient.DropoutMask': [
    [
      '',
      unary((g, x) =>
        op.mul(
          g,
          x,
          dropoutMaskOf(g, [x, { seed: g.constant(int64Tensor('seed', [], [5])) }], { layer: 0, ratio: 0.5 }),
        ),
      ),
    ],
  ],
  Floor: [['', unary((g, x) => op.add(g, x, g.op('Floor', [x])), 'apart')]],
  Ceil: [['', unary((g, x) => op.add(g, x, g.op('Ceil', [x])), 'apart')]],
  Round: [['', unary((g, x) => op.add(g, x, g.op('Round', [x])), 'apart')]],
  Sign: [['', unary((g, x) => op.add(g, x, op.sign(g, x)), 'apart')]],
  Shape: [['', unary((g, x) => op.expand(g, op.reduceMean(g, x, { axes: [0] }), op.shapeOf(g, x)))]],
  Size: [['', unary((g, x) => op.mul(g, x, op.cast(g, g.op('Size', [x]), 1)))]],
  ConstantOfShape: [['', unary((g, x) => op.add(g, x, op.constantOfShape(g, op.shapeOf(g, x))))]],
  ArgMax: [['', unary((g, x) => op.add(g, x, op.cast(g, op.argMax(g, x, { axis: 1 }), 1)), 'apart')]],
  ArgMin: [
    ['', unary((g, x) => op.add(g, x, op.cast(g, g.op('ArgMin', [x], { attributes: { axis: int(1) } }), 1)), 'apart')],
  ],
  Cast: [['', unary((g, x) => op.cast(g, op.cast(g, x, 11), 1))]],
}

const TABLE = Object.entries(CASES).flatMap(([opType, cases]) =>
  cases.map(([what, rule]) => ({ title: what === '' ? opType : `${opType} ${what}`, rule })),
)

describe('a gradient rule agrees with finite differences', () => {
  test.each(TABLE)('$title', async ({ title, rule }) => {
    const { error } = await compareWithDifferences(rule, new Random(seedOf(title)))
    // float32's rounding of y over the step: see finite-differences.ts.
    expect(error).toBeLessThan(1e-4)
  })

  test('and each rule has a case', () => {
    const covered = Object.keys(CASES).sort()
    expect(covered).toEqual(Object.keys(GRADIENT_RULES).sort())
  })
})

function seedOf(title: string): number {
  return [...title].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) >>> 0, 1)
}
