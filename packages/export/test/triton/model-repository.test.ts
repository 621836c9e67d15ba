import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { DataType, type Model, type ValueInfo } from '../../src/onnx/model.js'
import { modelConfigText, tritonRepository } from '../../src/triton/model-repository.js'

function modelOf(inputs: readonly ValueInfo[], outputs: readonly ValueInfo[]): Model {
  const graph = { name: 'g', docString: '', nodes: [], initializers: [], inputs, outputs, valueInfo: [] }
  return {
    irVersion: 8,
    opsets: { '': 17 },
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 1,
    docString: '',
    metadata: {},
    graph: graph as unknown as Model['graph'],
  }
}

const value = (name: string, shape: ValueInfo['shape'], dataType: DataType = DataType.FLOAT): ValueInfo =>
  ({ name, dataType, shape }) as ValueInfo

const DIGITS = modelOf(
  [value('image', ['batch', 1, 28, 28])],
  [value('logits', ['batch', 10]), value('probabilities', ['batch', 10])],
)
const FIXED = modelOf([value('ids "x"\\é', [1, 'length'], DataType.INT64)], [value('scores', [1, 3], DataType.FLOAT16)])

describe('a Triton model repository', () => {
  test('has a configuration and version 1 for each model, and labels for those that read digits', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const files = tritonRepository([
      { name: 'lenet5', model: DIGITS, bytes },
      { name: 'other', model: FIXED, bytes },
    ])
    expect(files.map(({ path }) => path)).toEqual([
      ...['lenet5/config.pbtxt', 'lenet5/labels.txt', 'lenet5/1/model.onnx'],
      ...['other/config.pbtxt', 'other/1/model.onnx'],
    ])
    expect(files[1]?.content).toBe('0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n')
    expect(files[2]?.content).toBe(bytes)
  })

  test.each([
    ['../up', "../up: expected a model's name of letters, digits, '.', '_' and '-'"],
    ['', ": expected a model's name of letters, digits, '.', '_' and '-'"],
  ])('has no folder for the name %j', (name, message) => {
    expect(() => tritonRepository([{ name, model: DIGITS, bytes: new Uint8Array() }])).toThrow(message)
  })

  test('has one folder for a name, and no model of text', () => {
    const one = { name: 'a', model: DIGITS, bytes: new Uint8Array() }
    expect(() => tritonRepository([one, one])).toThrow('a: expected models of different names, found it twice')
    const text = modelOf([value('t', ['n'], DataType.STRING)], [])
    expect(() => modelConfigText('a', text)).toThrow('t: expected a tensor of numbers, found element type 8')
  })

  test.runIf(process.env.ORACLE_PYTHON)('is configured in what Triton itself reads (needs ORACLE_PYTHON)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'triton configurations '))
    const paths = await Promise.all(
      [modelConfigText('lenet5', DIGITS), modelConfigText('fixed', FIXED, { maxBatch: 8 })].map(async (text, index) => {
        const path = join(folder, `${index}.pbtxt`)
        await writeFile(path, text)
        return path
      }),
    )
    const script = fileURLToPath(new URL('./parse_configs.py', import.meta.url))
    const { stdout } = await promisify(execFile)(process.env.ORACLE_PYTHON as string, [script, ...paths])
    await rm(folder, { recursive: true })
    const scores = (name: string) => ({ name, dataType: 'TYPE_FP32', dims: ['10'], labelFilename: 'labels.txt' })
    expect(JSON.parse(stdout)).toEqual([
      {
        name: 'lenet5',
        backend: 'onnxruntime',
        maxBatchSize: 64,
        input: [{ name: 'image', dataType: 'TYPE_FP32', dims: ['1', '28', '28'] }],
        output: [scores('logits'), scores('probabilities')],
        dynamicBatching: { maxQueueDelayMicroseconds: '1000' },
      },
      {
        name: 'fixed',
        backend: 'onnxruntime',
        input: [{ name: 'ids "x"\\é', dataType: 'TYPE_INT64', dims: ['1', '-1'] }],
        output: [{ name: 'scores', dataType: 'TYPE_FP16', dims: ['1', '3'] }],
      },
    ])
  })
})
