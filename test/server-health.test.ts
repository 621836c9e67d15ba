import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { start } from './support/commands.js'
import { digitRows, inferBody, postInfer, startServer, until } from './support/digit-server.js'

const HEALTH = { healthPort: 0 }

/** Asks in a process of its own until the status is as wished, while nothing else happens in this one; the last answer. */
function askWhileBlocked(url: string, status: number): unknown {
  const script = `
    let response
    do { response = await fetch(${JSON.stringify(url)}) } while (response.status !== ${status})
    console.log(await response.text())`
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 30_000 }),
  )
}

async function answerOf(url: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, init)
  return { status: response.status, body: await response.json() }
}

describe('the health port', () => {
  test('says of the server what its own port says', async () => {
    await using one = await startServer({}, HEALTH)
    for (const question of ['live', 'ready']) {
      const path = `/v2/health/${question}`
      expect(await answerOf(one.health + path)).toEqual({ status: 200, body: { [question]: true } })
      expect(await answerOf(one.url + path)).toEqual({ status: 200, body: { [question]: true } })
    }
    await rm(join(one.models, 'lenet5.onnx'))
    await until(async () => (await fetch(`${one.health}/v2/health/ready`)).status === 503)
    expect(await answerOf(`${one.health}/v2/health/ready`)).toEqual(await answerOf(`${one.url}/v2/health/ready`))
    expect((await answerOf(`${one.health}/v2/health/live`)).status).toBe(200)
  })

  test('answers while the event loop is busy, and says so where it hangs', { timeout: 60_000 }, async () => {
    await using one = await startServer({}, HEALTH)
    expect(askWhileBlocked(`${one.health}/v2/health/ready`, 200)).toEqual({ ready: true })
    const hangs = expect.stringMatching(/^its event loop has said nothing for \d+ s$/)
    expect(askWhileBlocked(`${one.health}/v2/health/live`, 503)).toEqual({ live: false, error: hangs })
    await until(async () => (await fetch(`${one.health}/v2/health/live`)).status === 200)
  })

  test('says that the server stops while what it had begun is answered', async () => {
    await using one = await startServer({ maxDelay: 2000, workers: 1 }, HEALTH)
    const answer = postInfer(one.url, inferBody(digitRows(1, 1)))
    await until(() => one.server.service.dispatcher.waiting === 1)
    const closed = one.server.close()
    await until(async () => (await fetch(`${one.health}/v2/health/ready`)).status === 503)
    expect(await answerOf(`${one.health}/v2/health/ready`)).toEqual({
      status: 503,
      body: { ready: false, error: 'the server stops' },
    })
    expect((await answer).status).toBe(200)
    await closed
    await expect(fetch(`${one.health}/v2/health/ready`)).rejects.toThrow()
  })

  test('has nothing but health, for reading', async () => {
    await using one = await startServer({}, HEALTH)
    expect((await answerOf(`${one.health}/v2/models/lenet5`)).status).toBe(404)
    expect((await answerOf(`${one.health}/__proto__`)).status).toBe(404)
    expect((await answerOf(`${one.health}/v2/health/live`, { method: 'POST', body: 'x' })).status).toBe(405)
    expect((await fetch(`${one.health}/v2/health/live?x=1`, { method: 'HEAD' })).status).toBe(200)
  })

  test('is named where it cannot be had', async () => {
    await using one = await startServer({}, HEALTH)
    const taken = new URL(one.health).port
    const { exitCode, stderr } = await start('mnist-infer', ['serve', '--port', '0', '--health-port', taken])
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      `mnist-infer: 127.0.0.1 port ${taken}: expected to listen, found that another program listens there: choose another`,
    )
  })
})
