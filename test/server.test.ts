import { join } from 'node:path'
import { createClassifier } from 'mnist-infer'
import { encodePng } from 'mnist-infer/image'
import { generateDigits } from 'mnist-infer/mnist'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  digitRows,
  direct,
  type InferAnswer,
  inferBody,
  outputRows,
  PIXELS,
  postInfer,
  startServer,
  strokeOn,
  type TestServer,
} from './support/digit-server.js'

let shared: TestServer
beforeAll(async () => {
  shared = await startServer()
}, 60_000)
afterAll(() => shared[Symbol.asyncDispose]())

const get = async (path: string) => {
  const response = await fetch(shared.url + path)
  return { status: response.status, body: (await response.json()) as unknown }
}

const IMAGE = { name: 'image', datatype: 'FP32', shape: [-1, 1, 28, 28] }
const METADATA = {
  name: 'lenet5',
  versions: ['1'],
  platform: 'onnxruntime_onnx',
  inputs: [IMAGE],
  outputs: ['logits', 'probabilities'].map((name) => ({ name, datatype: 'FP32', shape: [-1, 10] })),
}

describe('the Open Inference Protocol', () => {
  test.each([
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models/lenet5', METADATA],
    ['/v2/models/lenet5/versions/1', METADATA],
    ['/v2/models/lenet5/ready', { ready: true }],
    ['/v2/models/lenet5/versions/1/ready', { ready: true }],
    [
      '/v2',
      expect.objectContaining({ name: 'mnist-infer', extensions: expect.arrayContaining(['binary_tensor_data']) }),
    ],
  ])('answers GET %s', async (path, body) => {
    expect(await get(path)).toEqual({ status: 200, body })
  })

  test.each([
    ['/v2/models/no', 'model "no": expected one that is served, found none'],
    ['/v2/models/lenet5/versions/2', 'model "lenet5 version 2": expected one that is served, found none'],
    ['/v2/models/..%2F..%2Fetc%2Fpasswd/ready', 'model "../../etc/passwd": expected one that is served, found none'],
    ['/v2/models/__proto__', 'model "__proto__": expected one that is served, found none'],
    ['/nowhere', 'GET /nowhere: expected a route of /openapi.json, found none'],
  ])('answers GET %s with 404 and why', async (path, error) => {
    expect(await get(path)).toEqual({ status: 404, body: { error } })
  })

  test('lists the models in its repository index, and refuses to load or unload', async () => {
    const index = await fetch(`${shared.url}/v2/repository/index`, { method: 'POST' })
    expect(await index.json()).toEqual([{ name: 'lenet5', version: '1', state: 'READY', reason: '' }])
    const unload = await fetch(`${shared.url}/v2/repository/models/lenet5/unload`, { method: 'POST' })
    expect(unload.status).toBe(400)
    expect(await unload.json()).toEqual({
      error: 'unload: expected none, for the models folder is what is served: change the folder instead',
    })
  })

  test('infers what ONNX Runtime does without it, echoes the id, and gives the outputs asked for in their order', async () => {
    const values = digitRows(3, 5)
    const expected = await direct(values)
    const outputs = [{ name: 'probabilities' }, { name: 'logits' }]
    const response = await postInfer(shared.url, inferBody(values, { id: 'the id "7"', outputs }))
    const answer = (await response.json()) as InferAnswer
    expect(answer).toMatchObject({ id: 'the id "7"', model_name: 'lenet5', model_version: '1' })
    expect(answer.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['probabilities', [3, 10]],
      ['logits', [3, 10]],
    ])
    expect(Float32Array.from(answer.outputs[0]?.data ?? [])).toEqual(expected.probabilities)
    expect(Float32Array.from(answer.outputs[1]?.data ?? [])).toEqual(expected.logits)
  })

  test('takes and gives tensors as bytes behind the JSON, from wherever they begin', async () => {
    const values = digitRows(2, 6)
    for (const pad of ['', ' ', '  ', '   ']) {
      const head = JSON.stringify({
        parameters: { binary_data_output: true },
        inputs: [
          {
            name: 'image',
            datatype: 'FP32',
            shape: [2, 1, 28, 28],
            parameters: { binary_data_size: values.byteLength },
          },
        ],
      })
      const body = Buffer.concat([Buffer.from(head + pad), Buffer.from(values.buffer)])
      const response = await postInfer(shared.url, body, {
        'Inference-Header-Content-Length': `${head.length + pad.length}`,
      })
      expect(response.status).toBe(200)
      const length = Number(response.headers.get('inference-header-content-length'))
      const bytes = Buffer.from(await response.arrayBuffer())
      const { outputs } = JSON.parse(bytes.subarray(0, length).toString()) as { outputs: unknown[] }
      expect(outputs).toEqual(
        ['logits', 'probabilities'].map((name) => ({
          name,
          datatype: 'FP32',
          shape: [2, 10],
          parameters: { binary_data_size: 80 },
        })),
      )
      const numbers = new Float32Array(new Uint8Array(bytes.subarray(length)).buffer)
      const expected = await direct(values)
      expect(numbers).toEqual(Float32Array.from([...expected.logits, ...expected.probabilities]))
    }
  })

  test('answers each of many requests at once with its own rows, whatever batches they travel in', async () => {
    const sizes = Array.from({ length: 60 }, (_, index) => 1 + (index % 7) * (index % 5))
    const answers = await Promise.all(
      sizes.map(async (size, seed) => {
        const values = digitRows(size, 100 + seed)
        const answer = (await (await postInfer(shared.url, inferBody(values))).json()) as InferAnswer
        return { values, rows: outputRows(answer, 'logits') }
      }),
    )
    for (const { values, rows } of answers) {
      const { logits } = await direct(values)
      expect(rows.flat()).toHaveLength(logits.length)
      for (const [index, value] of rows.flat().entries()) expect(value).toBeCloseTo(logits[index] as number, 3)
    }
  })
})

describe('pictures at /classify', () => {
  const { images, labels } = generateDigits({ count: 12, seed: 3 })
  const picture = (index: number) => ({
    width: 28,
    height: 28,
    pixels: images.slice(index * PIXELS, (index + 1) * PIXELS),
  })

  test('get the answers that the library gives', async () => {
    const classifier = await createClassifier({ model: join(shared.models, 'lenet5.onnx'), provider: 'cpu' })
    let right = 0
    for (const [index, label] of [...labels].entries()) {
      const [expected] = await classifier.classify([picture(index)])
      const body = Buffer.from(await encodePng(picture(index)))
      const response = await fetch(`${shared.url}/classify`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'image/png' },
      })
      const answer = (await response.json()) as {
        digit: number
        probability: number
        probabilities: number[]
        box: object
      }
      expect(answer).toMatchObject({ model: 'lenet5', version: '1', digit: expected?.digit })
      if (expected?.digit === null) expect(answer).toMatchObject({ reason: expected.reason })
      else expect(answer).toMatchObject({ polarity: expected?.polarity, box: expected?.box })
      right += Number(answer.digit === label)
    }
    await classifier.close()
    expect(right).toBeGreaterThan(6)
  })

  test('may be the files of a form: an answer each, in order, and an error in the place of one that is no picture', async () => {
    const form = new FormData()
    const file = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)], { type: 'image/png' })
    form.append('a', file(await encodePng(picture(0))), '../../etc/passwd')
    form.append('b', file(Buffer.from('no picture')), 'b.png')
    form.append('c', file(await encodePng({ width: 40, height: 40, pixels: new Uint8Array(1600).fill(255) })), 'c.png')
    const response = await fetch(`${shared.url}/classify`, { method: 'POST', body: form })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      answers: [
        { digit: expect.any(Number), probabilities: expect.any(Array) },
        { error: 'picture: expected a picture (PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF), found text' },
        { digit: null, reason: expect.any(String) },
      ],
    })
  })

  test('come with what the model saw where that is asked for', async () => {
    const body = Buffer.from(await encodePng({ width: 60, height: 60, pixels: strokeOn(60) }))
    const response = await fetch(`${shared.url}/classify?explain=true`, { method: 'POST', body })
    const { steps } = (await response.json()) as { steps: { name: string; png: string }[] }
    expect(steps.at(-1)?.name).toBe('framed')
    for (const { png } of steps) expect(Buffer.from(png, 'base64').subarray(1, 4).toString()).toBe('PNG')
  })

  test('leave nothing of themselves in the log', async () => {
    const body = Buffer.from(await encodePng(picture(1)))
    await fetch(`${shared.url}/classify?invert=no`, { method: 'POST', body, headers: { 'x-secret': 'a secret' } })
    const lines = shared.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ route }) => route === '/classify')
    const known = ['level', 'time', 'pid', 'hostname', 'reqId', 'method', 'route', 'status', 'ms', 'ip', 'msg']
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(known).toEqual(expect.arrayContaining(Object.keys(line)))
  })
})

describe('what lies beside the work', () => {
  test('the OpenAPI document names every route, and its page is there', async () => {
    const { body } = await get('/openapi.json')
    expect(Object.keys((body as { paths: object }).paths).sort()).toEqual(
      [
        '/classify',
        '/metrics',
        '/v2',
        '/v2/health/live',
        '/v2/health/ready',
        '/v2/repository/index',
        '/v2/repository/models/{model}/load',
        '/v2/repository/models/{model}/unload',
        ...['', '/versions/{version}'].flatMap((version) =>
          ['', '/config', '/infer', '/ready'].map((what) => `/v2/models/{model}${version}${what}`),
        ),
      ].sort(),
    )
    const page = await fetch(`${shared.url}/docs`)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('swagger-ui')
  })

  test('metrics count requests, batches and workers, in the form that Prometheus reads', async () => {
    const response = await fetch(`${shared.url}/metrics`)
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    expect(text).toMatch(/^mnist_workers 2$/m)
    expect(text).toMatch(/^mnist_http_request_seconds_count\{route="\/classify",status="200"\} \d+$/m)
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m)
  })

  test('headers say what browsers may do; another origin may do nothing unless it is named', async () => {
    const headers = { origin: 'https://example.org' }
    const closed = await fetch(`${shared.url}/v2`, { headers })
    expect(closed.headers.get('access-control-allow-origin')).toBeNull()
    expect(closed.headers.get('x-content-type-options')).toBe('nosniff')
    expect(closed.headers.get('content-security-policy')).toContain("default-src 'self'")
    await using open = await startServer({ cors: 'https://example.org' })
    const allowed = await fetch(`${open.url}/v2`, { headers })
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://example.org')
  })

  test('an API key is asked of all but health and documentation, and is needed beyond loopback', async () => {
    await expect(shared.server.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow(
      '--host 0.0.0.0: expected an API key for a server that others can reach: give --api-key or MNIST_API_KEY',
    )
    await using locked = await startServer({ apiKey: 'a long enough key', rate: 4 })
    const status = async (path: string, headers = {}) => (await fetch(locked.url + path, { headers })).status
    expect(await status('/v2/health/ready')).toBe(200)
    expect(await status('/openapi.json')).toBe(200)
    for (const path of ['/v2', '/metrics', '/v2/models/lenet5']) expect(await status(path)).toBe(401)
    expect(await status('/metrics', { authorization: 'Bearer a long enough kez' })).toBe(401)
    expect(await status('/metrics', { authorization: 'Bearer a_long' })).toBe(401)
    expect(await status('/metrics', { 'x-api-key': 'a long enough key' })).toBe(200)
    const many = await Promise.all(
      Array.from({ length: 20 }, () => status('/v2', { 'x-api-key': 'a long enough key' })),
    )
    expect(many).toContain(429)
  })
})
