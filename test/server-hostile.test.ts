import { connect } from 'node:net'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digitRows, inferBody, PIXELS, postInfer, startServer, type TestServer } from './support/digit-server.js'

let one: TestServer
beforeAll(async () => {
  one = await startServer({ maxPixels: 4_000_000 })
}, 60_000)
afterAll(async () => {
  // Whatever was sent: no worker was lost, and nothing was an internal error.
  const bad = one.log.filter((line) => /"level":(50|60)|internal error|a worker has ended/.test(line))
  await one[Symbol.asyncDispose]()
  expect(bad).toEqual([])
})

/** What every answer to hostile input is: refused, as JSON, in one line, without a path or a stack. */
async function refused(response: Response): Promise<number> {
  const text = await response.text()
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(response.status).toBeLessThan(500)
  expect(Object.keys(JSON.parse(text) as object)).toEqual(['error'])
  expect(text).not.toMatch(/node_modules|\.js|\n|internal/)
  return response.status
}

const good = { name: 'image', datatype: 'FP32', shape: [1, 1, 28, 28], data: Array(PIXELS).fill(0) as number[] }
const inputs = (change: object): string => JSON.stringify({ inputs: [{ ...good, ...change }] })

const BODIES: readonly (readonly [string, string, string])[] = [
  ['nothing', '', 'body: expected JSON, found nothing'],
  ['no JSON', '{"inputs": [', 'body: expected JSON, found something else'],
  ['a list', '[]', 'body: expected an object, found a list'],
  ['null', 'null', 'body: expected an object, found null'],
  ['no inputs', '{}', 'inputs: expected a list of one, image, found none'],
  ['two inputs', JSON.stringify({ inputs: [good, good] }), 'inputs: expected a list of one, image, found 2'],
  ['another name', inputs({ name: '../image' }), 'inputs[0].name: expected image, found "../image"'],
  ['another type', inputs({ datatype: 'BYTES' }), 'image.datatype: expected FP32, found "BYTES"'],
  ['too few numbers', inputs({ data: [1] }), 'image.data: expected 784 numbers, found 1'],
  ['text among numbers', inputs({ data: Array(PIXELS).fill('1') }), 'image.data: expected numbers, found string'],
  [
    'numbers beyond float32',
    inputs({ data: Array(PIXELS).fill(1e300) }),
    'image.data: expected finite float32 numbers, found Infinity',
  ],
  [
    'a huge shape',
    inputs({ shape: [2 ** 40, 1, 28, 28], data: [0] }),
    `image.data: expected ${2 ** 40 * PIXELS} numbers, found 1`,
  ],
  [
    'a shape beyond all numbers',
    inputs({ shape: [1e300, 1, 28, 28] }),
    'image.shape: expected [batch, 1, 28, 28], found [1e+300,1,28,28]',
  ],
  [
    'no rows',
    inputs({ shape: [0, 1, 28, 28], data: [] }),
    'image.shape: expected [batch, 1, 28, 28], found [0,1,28,28]',
  ],
  [
    'a prototype',
    '{"__proto__": {"inputs": []}, "constructor": {"prototype": {"polluted": 1}}}',
    'inputs: expected a list of one, image, found none',
  ],
  [
    'an output that is not there',
    JSON.stringify({ inputs: [good], outputs: [{ name: '__proto__' }] }),
    'outputs: expected logits or probabilities, found "__proto__"',
  ],
  [
    'shared memory',
    inputs({ parameters: { shared_memory_region: 'x' } }),
    'image.parameters.shared_memory_region: expected none, found one: this server does not do it',
  ],
  [
    'an id that is a number',
    JSON.stringify({ id: 7, inputs: [good] }),
    'id: expected text of at most 1024 characters, found number',
  ],
  [
    'bytes that are not there',
    inputs({ data: undefined, parameters: { binary_data_size: 3136 } }),
    'image.parameters.binary_data_size: expected 0, found 3136',
  ],
]

describe('an inference request with', () => {
  test.each(BODIES)('%s is answered 400 and why', async (_what, body, error) => {
    const response = await postInfer(one.url, body)
    expect([response.status, await response.json()]).toEqual([400, { error }])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('lists nested thousands deep is refused', async () => {
    const nested = `{"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 1, 28, 28], "data": ${'['.repeat(50_000)}${']'.repeat(50_000)}}]}`
    expect(await refused(await postInfer(one.url, nested))).toBe(400)
  })

  test.each(['-1', '1e3', '99999999', 'NaN', '0x10', ' '])('a lying length of JSON, %j, is refused', async (length) => {
    const response = await postInfer(one.url, inputs({}), { 'Inference-Header-Content-Length': length })
    expect(await refused(response)).toBe(400)
  })

  test('any JSON in any place is answered 200 or refused, never a failure', async () => {
    const keys = fc.constantFrom(
      'inputs',
      'outputs',
      'id',
      'parameters',
      'name',
      'datatype',
      'shape',
      'data',
      '__proto__',
      'constructor',
      'binary_data_size',
      'timeout',
    )
    const leaf = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('image', 'FP32', -0, 1e308, 2 ** 53, [1, 1, 28, 28], good.data, true),
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
      ),
    }))
    const near = fc.record(
      {
        inputs: fc.tuple(
          fc.record(
            { name: fc.constant('image'), datatype: fc.constant('FP32'), shape: tree, data: tree, parameters: tree },
            { requiredKeys: [] },
          ),
        ),
        outputs: tree,
        parameters: tree,
        id: tree,
      },
      { requiredKeys: ['inputs'] },
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(tree, near), async (body) => {
        const response = await postInfer(one.url, JSON.stringify(body) ?? '')
        if (response.status !== 200) await refused(response)
      }),
      { numRuns: 400, seed: 7 },
    )
  }, 60_000)

  test('any bytes, and any length of JSON among them, is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: -5, max: 250 }), async (bytes, length) => {
        await refused(
          await postInfer(one.url, new Uint8Array(bytes), { 'Inference-Header-Content-Length': String(length) }),
        )
      }),
      { numRuns: 150, seed: 8 },
    )
  }, 60_000)
})

/** A grey PNG that says it has so many pixels, and has none. */
function bombPng(side: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side)
  header.writeUInt32BE(side, 4)
  header.set([8, 0, 0, 0, 0], 8)
  const part = (type: string, body: Buffer) => {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(body.length)
    head.write(type, 4)
    return Buffer.concat([head, body, Buffer.alloc(4)])
  }
  const rows = deflateSync(Buffer.alloc(1_000_000))
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    part('IHDR', header),
    part('IDAT', rows),
    part('IEND', Buffer.alloc(0)),
  ])
}

const postPicture = (body: BodyInit, query = '') => fetch(`${one.url}/classify${query}`, { method: 'POST', body })

describe('a picture request with', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')],
    ['a bomb of 2³¹ × 2³¹ pixels', bombPng(2 ** 31 - 1)],
    ['more pixels than are let in', bombPng(2001)],
    ['a broken file', bombPng(30)],
  ])('%s is refused', async (_what, body) => {
    await refused(await postPicture(body))
  })

  test.each(['?model=../../etc/passwd', '?invert=maybe', '?explain=perhaps', '?other=1', `?model=${'x'.repeat(5000)}`])(
    'the query %.30s is refused',
    async (query) => {
      await refused(await postPicture(bombPng(30), query))
    },
  )

  test('a body over the limit, or a compressed one, is refused', async () => {
    expect(await refused(await postInfer(one.url, Buffer.alloc(9 * 2 ** 20)))).toBe(413)
    const gzip = await fetch(`${one.url}/classify`, {
      method: 'POST',
      body: 'x',
      headers: { 'content-encoding': 'gzip' },
    })
    expect(await refused(gzip)).toBe(415)
  })

  test('thousands of parts, no files, or a form that breaks off is refused', async () => {
    const form = (parts: string) => ({
      method: 'POST',
      body: parts,
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    })
    const part = '--b\r\nContent-Disposition: form-data; name="x"; filename="../../x"\r\n\r\nx\r\n'
    const field = '--b\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\nx\r\n'
    for (const [body, status] of [
      [`${part.repeat(5000)}--b--`, 413],
      [`${field.repeat(5000)}--b--`, 413],
      ['--b--', 400],
      [part, 400],
      ['x', 400],
    ] as const) {
      expect(await refused(await fetch(`${one.url}/classify`, form(body)))).toBe(status)
    }
    const noBoundary = { ...form(part), headers: { 'content-type': 'multipart/form-data' } }
    await refused(await fetch(`${one.url}/classify`, noBoundary))
  })
})

/** Sends bytes as they are and gives what comes back until the server hangs up. */
function raw(bytes: string): Promise<string> {
  const { hostname, port } = new URL(one.url)
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.on('error', () => resolve(text))
    socket.on('close', () => resolve(text))
  })
}

describe('a connection with', () => {
  test.each([
    ['no HTTP', 'hello\r\n\r\n', '400 Bad Request'],
    [
      'two lengths',
      'POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      '400 Bad Request',
    ],
    [
      'length and chunks',
      'POST /classify HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '400 Bad Request',
    ],
    [
      'headers without end',
      `GET /v2 HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
    ],
  ])('%s is answered in JSON and closed', async (_what, bytes, status) => {
    const text = await raw(bytes)
    expect(text.split('\r\n', 1)[0]).toBe(`HTTP/1.1 ${status}`)
    expect(Object.keys(JSON.parse(text.slice(text.indexOf('{'))) as object)).toEqual(['error'])
  })

  test('a body that never comes holds a socket and nothing else: others are answered', async () => {
    const { hostname, port } = new URL(one.url)
    const head = 'POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\n'
    const slow = Array.from({ length: 200 }, () => {
      const socket = connect(Number(port), hostname, () => socket.write(head))
      return socket.on('error', () => undefined)
    })
    expect((await postInfer(one.url, inferBody(digitRows(1, 1)))).status).toBe(200)
    for (const socket of slow) socket.destroy()
    expect((await postInfer(one.url, inferBody(digitRows(1, 1)))).status).toBe(200)
  })
})
