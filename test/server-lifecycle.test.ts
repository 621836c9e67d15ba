import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodePng } from 'mnist-infer/image'
import { describe, expect, test } from 'vitest'
import { start } from './support/commands.js'
import {
  digitRows,
  direct,
  type InferAnswer,
  inferBody,
  outputRows,
  postInfer,
  startServer,
  strokeOn,
  until,
} from './support/digit-server.js'
import { templateModel } from './support/template-model.js'

describe('the models folder', () => {
  test('is followed while requests run: each is answered by the old content or the new, none is lost', async () => {
    await using one = await startServer()
    const path = join(one.models, 'lenet5.onnx')
    const values = digitRows(1, 1)
    const old = (await direct(values)).logits[0] as number
    const seen = new Set<number>()
    let running = true
    const clients = Array.from({ length: 4 }, async () => {
      while (running) {
        const response = await postInfer(one.url, inferBody(values))
        expect(response.status).toBe(200)
        seen.add(outputRows((await response.json()) as InferAnswer, 'logits')[0]?.[0] as number)
      }
    })
    for (let round = 0; round < 4; round++) {
      const before = one.log.filter((line) => line.includes('"replaced"')).length
      await writeFile(`${path}.new`, templateModel({ metadata: { round: String(round) } }))
      await rename(`${path}.new`, path)
      await until(() => one.log.filter((line) => line.includes('"replaced"')).length > before)
    }
    running = false
    await Promise.all(clients)
    expect([...seen]).toEqual([old])
  })

  test('keeps what it had where a file is broken, says so, and takes new versions and removals', async () => {
    await using one = await startServer()
    const index = async () => (await fetch(`${one.url}/v2/repository/index`, { method: 'POST' })).json()
    const path = join(one.models, 'lenet5.onnx')
    const good = await readFile(path)
    await writeFile(path, good.subarray(0, 1000))
    await until(async () => JSON.stringify(await index()).includes('lenet5 version 1: '))
    expect((await postInfer(one.url, inferBody(digitRows(1, 1)))).status).toBe(200)
    expect((await fetch(`${one.url}/v2/health/ready`)).status).toBe(200)
    await writeFile(join(one.models, 'second.onnx'), good)
    await until(async () => (await fetch(`${one.url}/v2/models/second/ready`)).status === 200)
    await rm(path)
    await until(async () => (await postInfer(one.url, inferBody(digitRows(1, 1)))).status === 404)
    await rm(join(one.models, 'second.onnx'))
    await until(async () => (await fetch(`${one.url}/v2/health/ready`)).status === 503)
    expect(await index()).toEqual([])
  })
})

describe('workers', () => {
  test('that end are replaced, and their requests answered by others', async () => {
    await using one = await startServer({ queue: 200 })
    const values = digitRows(2, 9)
    const answers = Promise.all(Array.from({ length: 200 }, () => postInfer(one.url, inferBody(values))))
    for (const thread of one.server.service.pool.threads) await thread.end('the test ends it')
    expect((await answers).map(({ status }) => status)).toEqual(Array(200).fill(200))
    await until(() => one.server.service.pool.alive === 2)
    expect((await fetch(`${one.url}/v2/health/live`)).status).toBe(200)
  })

  test('open a heavy model one first, another once it is needed, and again where they end: no request is lost', async () => {
    await using one = await startServer({ queue: 200, workers: 2, maxBatch: 1 })
    const { pool, repository } = one.server.service
    await writeFile(join(one.models, 'heavy.onnx'), templateModel({ metadata: { filler: 'x'.repeat(9 * 2 ** 20) } }))
    await until(async () => (await fetch(`${one.url}/v2/models/heavy/ready`)).status === 200)
    const { generation } = repository.find('heavy', undefined)
    const request = { method: 'POST', body: inferBody(digitRows(1, 1)) }
    const holders = () => pool.threads.filter(({ open }) => open.has(generation)).length
    expect(holders()).toBe(1)
    const ask = () =>
      Promise.all(
        Array.from({ length: 100 }, async () => (await fetch(`${one.url}/v2/models/heavy/infer`, request)).status),
      )
    expect(await ask()).toEqual(Array(100).fill(200))
    await until(() => holders() === 2)
    const answers = ask()
    for (const thread of pool.threads) await thread.end('the test ends it')
    expect(await answers).toEqual(Array(100).fill(200))
    await until(() => pool.alive === 2 && holders() >= 1)
  })

  test('are enough for so many requests: beyond the queue 429 with Retry-After, then all is well again', async () => {
    await using one = await startServer({ queue: 4, workers: 1 })
    const body = Buffer.from(await encodePng({ width: 900, height: 900, pixels: strokeOn(900) }))
    const send = () => fetch(`${one.url}/classify`, { method: 'POST', body })
    const burst = await Promise.all(Array.from({ length: 40 }, send))
    const refused = burst.filter(({ status }) => status === 429)
    expect(new Set(burst.map(({ status }) => status))).toEqual(new Set([200, 429]))
    expect(refused.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true)
    expect((await send()).status).toBe(200)
  })

  test('too late for the deadline mean 504, by the server’s limit or the client’s', async () => {
    await using one = await startServer({ timeout: 1, maxDelay: 100, maxBatch: 1024 })
    const late = await postInfer(one.url, inferBody(digitRows(1, 1)))
    expect([late.status, await late.json()]).toEqual([
      504,
      { error: 'deadline: expected an answer within 1 ms, found none' },
    ])
    await using other = await startServer({ maxDelay: 1000, maxBatch: 1024 })
    const own = await postInfer(other.url, inferBody(digitRows(1, 1), { parameters: { timeout: 5000 } }))
    expect([own.status, await own.json()]).toEqual([
      504,
      { error: 'deadline: expected an answer within 5 ms, found none' },
    ])
  })
})

describe('the command mnist-infer serve', () => {
  test('says where it listens in its log, and stops in order on SIGTERM, with what it had begun', async () => {
    await using one = await startServer()
    const running = start('mnist-infer', [
      'serve',
      '--models',
      one.models,
      '--port',
      '0',
      '--max-delay',
      '300',
      '--workers',
      '1',
    ])
    let address = ''
    running.stdout?.on('data', (chunk: Buffer) => {
      address ||= /Server listening at (http:[^"]+)"/.exec(chunk.toString())?.[1] ?? ''
    })
    await until(() => address !== '')
    // Waits 300 ms for company, within which the signal comes.
    const answer = postInfer(address, inferBody(digitRows(1, 1)))
    await until(async () => /mnist_queue_waiting 1/.test(await (await fetch(`${address}/metrics`)).text()))
    running.kill('SIGTERM')
    expect((await answer).status).toBe(200)
    expect(await running).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
