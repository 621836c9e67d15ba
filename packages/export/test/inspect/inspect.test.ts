import { describe, expect, test } from 'vitest'
import { GraphBuilder, ops } from '../../src/graph/index.js'
import { diffModels, modelSummary, modelText } from '../../src/inspect/index.js'
import { DataType, type Model, type Node } from '../../src/onnx/model.js'
import { floatTensor, int64Tensor } from '../../src/onnx/tensor.js'

/** x [batch, 1, 6, 6] → conv 2@3 pad 1 → ReLU → max pool 2/2 → flatten → dense 10. */
function network({ weight = 0.25, relu = true }: { weight?: number; relu?: boolean } = {}): Model {
  const g = new GraphBuilder('small')
  const x = g.input({ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 1, 6, 6] })
  const w = g.initializer(floatTensor('conv.weight', [2, 1, 3, 3], new Float32Array(18).fill(weight)))
  const b = g.initializer(floatTensor('conv.bias', [2], [0, 0]))
  const convolved = g.scoped('conv', () => ops.conv(g, [x, w, b], { pads: [1, 1, 1, 1] }))
  const active = relu ? ops.relu(g, convolved) : convolved
  const pooled = ops.maxPool(g, active, { kernelShape: [2, 2], strides: [2, 2] })
  const flat = g.op('Reshape', [pooled, g.initializer(int64Tensor('shape', [2], [-1, 18]))])
  const dense = g.initializer(floatTensor('dense.weight', [18, 10], new Float32Array(180)))
  g.output(g.op('MatMul', [flat, dense], { outputs: ['logits'] }))
  return {
    irVersion: 8,
    opsets: { '': 17 },
    producerName: 'mnist-export',
    producerVersion: '1',
    domain: '',
    modelVersion: 1,
    docString: '',
    graph: g.graph(),
    metadata: { 'mnist.network': 'small' },
  }
}

const withNode = (model: Model, node: Partial<Node>): Model => ({
  ...model,
  graph: {
    ...model.graph,
    nodes: [
      ...model.graph.nodes,
      { name: 'own', opType: 'Own', domain: 'acme', inputs: ['logits'], outputs: ['own'], attributes: {}, ...node },
    ],
  },
})

describe('modelSummary', () => {
  test('counts parameters where they are first used, and operations for a batch of one', () => {
    const { rows, totals } = modelSummary(network())
    expect(rows.map(({ op, parameters, flops, bytes }) => [op, parameters, flops, bytes])).toEqual([
      // 2 channels × 36 positions × (2 × 9 products and sums + 1 for the bias); 20 floats
      ['Conv', 20, 72 * 19, 80],
      ['Relu', 0, 72, 0],
      // 2 × 9 windows of 4
      ['MaxPool', 0, 72, 0],
      // two INT64 that are a shape, not parameters
      ['Reshape', 0, 0, 16],
      ['MatMul', 180, 2 * 18 * 10, 720],
    ])
    expect(totals).toEqual({ nodes: 5, parameters: 200, flops: 72 * 21 + 360, bytes: 816, uncounted: 0 })
  })

  test('infers what each node yields, and says null where it cannot', () => {
    const { rows, totals } = modelSummary(withNode(network(), {}))
    expect(rows.map(({ outputs }) => outputs[0]?.shape)).toEqual([
      ['batch', 2, 6, 6],
      ['batch', 2, 6, 6],
      ['batch', 2, 3, 3],
      ['batch', 18],
      ['batch', 10],
      null,
    ])
    expect(rows.at(-1)).toMatchObject({ op: 'acme.Own', flops: null })
    expect(totals.uncounted).toBe(1)
  })
})

describe('modelText', () => {
  test('prints the head, a line for each node and the totals', () => {
    expect(
      modelText(network())
        .split('\n')
        .map((line) => line.replace(/ {2,}/g, ' | ')),
    ).toEqual([
      'model small: IR 8, opset ai.onnx 17, by mnist-export 1',
      'metadata mnist.network = small',
      'input x: float32 [batch, 1, 6, 6]',
      'output logits: float32 [batch, 10]',
      '',
      'node | op | output | parameters | FLOPs | bytes | inputs | attributes',
      'conv/Conv | Conv | conv/Conv.out [batch, 2, 6, 6] | 20 | 1,368 | 80 | x, conv.weight, conv.bias | ' +
        'kernel_shape=[3,3] strides=[1,1] pads=[1,1,1,1] dilations=[1,1] group=1',
      expect.stringMatching(/^Relu \| Relu \| Relu.out \[batch, 2, 6, 6\] \| 72 \| conv\/Conv.out$/),
      expect.stringMatching(
        /^MaxPool \| MaxPool \| MaxPool.out \[batch, 2, 3, 3\] \| 72 \| Relu.out \| kernel_shape=\[2,2\]/,
      ),
      'Reshape | Reshape | Reshape.out [batch, 18] | 16 | MaxPool.out, shape',
      'MatMul | MatMul | logits [batch, 10] | 180 | 360 | 720 | Reshape.out, dense.weight',
      '',
      '5 nodes, 200 parameters, 1,872 FLOPs, 816 bytes of constants',
    ])
  })

  test('lets no control character of a file through to the terminal', () => {
    const text = modelText(withNode(network(), { name: '\u001b[31mred\u0007' }))
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })
})

describe('diffModels', () => {
  test('finds nothing between a model and itself', () => {
    expect(diffModels(network(), network())).toEqual([])
  })

  test.each<[string, Model, string[]]>([
    ['changed values', network({ weight: 0.5 }), ['~ constant conv.weight: 18 of 18 values differ, by up to 0.250']],
    [
      'a node left out',
      network({ relu: false }),
      ['- node Relu: Relu (conv/Conv.out) → Relu.out', '~ node MaxPool: inputs Relu.out → conv/Conv.out'],
    ],
    ['a node added', withNode(network(), {}), ['+ node own: acme.Own (logits) → own']],
    [
      'metadata',
      { ...network(), metadata: { 'mnist.network': 'other', more: '1' } },
      ['~ metadata mnist.network: small → other', '+ metadata more: 1'],
    ],
    [
      'versions',
      { ...network(), irVersion: 9, opsets: { '': 18 } },
      ['~ model irVersion: 8 → 9', '~ opset ai.onnx: 17 → 18'],
    ],
  ])('says in lines what differs: %s', (_, other, lines) => {
    expect(diffModels(network(), other)).toEqual(lines)
  })

  test('compares attributes of a node', () => {
    const [a, b] = [2 ** 53, 1].map((value) =>
      withNode(network(), { attributes: { at: { type: 'INT', value }, same: { type: 'BIG_INT', value: 1n } } }),
    ) as [Model, Model]
    expect(diffModels(a, b)).toEqual(['~ node own: at 9007199254740992 → 1'])
  })
})
