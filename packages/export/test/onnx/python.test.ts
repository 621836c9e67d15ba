import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GraphBuilder, ops } from '../../src/graph/index.js'
import { decodeModel } from '../../src/onnx/decode.js'
import { encodeModel } from '../../src/onnx/encode.js'
import { DataType, type Model } from '../../src/onnx/model.js'
import { floatTensor, int64Tensor } from '../../src/onnx/tensor.js'

const python = process.env.ORACLE_PYTHON
const script = (name: string): string => fileURLToPath(new URL(`../../../../test/oracle/${name}`, import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx files '))
})
afterAll(() => rm(folder, { recursive: true }))

async function oracle<T>(name: string, ...args: string[]): Promise<T> {
  const { stdout } = await execa(python as string, [script(name), ...args])
  return JSON.parse(stdout) as T
}

/** x [batch, 1, 6, 6] → Conv, Relu, MaxPool, Flatten, Gemm; with an INT64 constant and metadata. */
function smallNetwork(): Model {
  const g = new GraphBuilder('small')
  const x = g.input({ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 1, 6, 6], denotation: 'IMAGE' })
  const w = g.initializer(floatTensor('conv.weight', [2, 1, 3, 3], new Float32Array(18).fill(0.25)))
  const convolved = ops.relu(g, ops.conv(g, [x, w], { pads: [1, 1, 1, 1] }))
  const pooled = ops.maxPool(g, convolved, { kernelShape: [2, 2], strides: [2, 2] })
  const flat = g.op('Reshape', [pooled, g.initializer(int64Tensor('shape', [2], [-1, 18]))])
  const dense = g.initializer(floatTensor('dense.weight', [18, 10], new Float32Array(180).fill(0.5)))
  g.output(g.op('Gemm', [flat, dense], { outputs: ['logits'] }))
  return {
    irVersion: 8,
    opsets: { '': 17 },
    producerName: 'mnist-export',
    producerVersion: '0',
    domain: '',
    modelVersion: 1,
    docString: '',
    graph: g.graph(),
    metadata: { 'mnist.network': 'small', ünï: 'cödé' },
  }
}

describe('with the Python onnx package (needs ORACLE_PYTHON)', () => {
  test.runIf(python)(
    'its checker and its shape inference accept our files and find in them what we wrote',
    async () => {
      const file = join(folder, 'small.onnx')
      await writeFile(file, encodeModel(smallNetwork()))
      const [found] = await oracle<[Record<string, unknown>]>('check_models.py', file)
      expect(found).toMatchObject({
        ops: ['Conv', 'Relu', 'MaxPool', 'Reshape', 'Gemm'],
        inputs: { x: ['batch', 1, 6, 6] },
        initializers: { 'conv.weight': ['float32', Array(18).fill(0.25)], shape: ['int64', [-1, 18]] },
        metadata: { 'mnist.network': 'small', ünï: 'cödé' },
      })
    },
  )

  test.runIf(python)('we read every typed field of the tensors that it writes', async () => {
    const file = join(folder, 'typed.onnx')
    const expected = await oracle<Record<string, string>>('write_typed_tensors.py', file)
    const { graph } = decodeModel(await readFile(file))
    const found = graph.initializers.filter(({ name }) => name !== 'words')
    expect(Object.fromEntries(found.map(({ name, data }) => [name, Buffer.from(data).toString('hex')]))).toEqual(
      expected,
    )
    expect(graph.initializers.find(({ name }) => name === 'words')?.strings).toEqual(['zero', 'n\u00fcll'])
    const [constant, floats, far] = graph.nodes.map(({ attributes }) => attributes)
    expect(constant?.value).toMatchObject({ type: 'TENSOR', value: { dims: [2], dataType: DataType.FLOAT } })
    expect(floats?.value_floats).toEqual({ type: 'FLOATS', value: [0.5, 1.5] })
    expect(far).toEqual({
      at: { type: 'BIG_INT', value: 2n ** 63n - 1n },
      to: { type: 'BIG_INTS', value: [1n, -(2n ** 63n)] },
    })
  })

  test.runIf(python)(
    'a file that it wrote is read by it again, the same, after we decoded and encoded it',
    async () => {
      const file = join(folder, 'again.onnx')
      await oracle('write_typed_tensors.py', file)
      const decoded = decodeModel(await readFile(file))
      expect(decodeModel(encodeModel(decoded))).toEqual(decoded)
    },
  )
})
