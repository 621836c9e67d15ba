import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodePng } from 'mnist-infer/image'
import { generateDigits } from 'mnist-infer/mnist'
import { expect, test } from 'vitest'
import {
  digitRows,
  direct,
  type InferAnswer,
  inferBody,
  outputRows,
  PIXELS,
  postInfer,
  startServer,
  until,
} from './support/digit-server.js'
import { templateModel } from './support/template-model.js'

/** SOAK_SECONDS=1800 is the whole of it. */
const SECONDS = Number(process.env.SOAK_SECONDS ?? 40)

/** Resident memory at the end against that at half time; in a short run, half of which is warming up, garbage collection has its chance too. */
const GROWTH = 1.1
const SLACK = SECONDS < 300 ? 40 * 2 ** 20 : 0

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test(
  `in ${SECONDS} s of good and bad requests, reloads and lost workers no answer is wrong or lost, health answers, and memory stays`,
  async () => {
    // A line for each request, kept here, would be the only thing that grows.
    await using one = await startServer({ queue: 64, logLevel: 'warn' })
    const values = digitRows(4, 77)
    const { logits } = await direct(values)
    const { images } = generateDigits({ count: 1, seed: 5 })
    const picture = Buffer.from(await encodePng({ width: 28, height: 28, pixels: images.subarray(0, PIXELS) }))
    const first = (await (await fetch(`${one.url}/classify`, { method: 'POST', body: picture })).json()) as {
      digit: number
    }

    const end = performance.now() + SECONDS * 1000
    const counts = { right: 0, refused: 0, bad: 0, reloads: 0, lost: 0, health: 0 }
    const repeat = async (action: () => Promise<unknown>): Promise<void> => {
      while (performance.now() < end) await action()
    }
    /** Answered rightly, or told to come again; never anything else. */
    const held = ({ status }: Response, answer: unknown): boolean => {
      if (status === 200) counts.right++
      else counts.refused++
      expect([200, 429], JSON.stringify(answer)).toContain(status)
      return status === 200
    }
    const infer = async () => {
      const response = await postInfer(one.url, inferBody(values))
      const answer = (await response.json()) as InferAnswer
      if (!held(response, answer)) return
      for (const [index, value] of outputRows(answer, 'logits').flat().entries())
        expect(value).toBeCloseTo(logits[index] as number, 3)
    }
    const classify = async () => {
      const response = await fetch(`${one.url}/classify`, { method: 'POST', body: picture })
      const answer = (await response.json()) as { digit: number }
      if (held(response, answer)) expect(answer.digit).toBe(first.digit)
    }
    const nonsense = async (number: number) => {
      const bodies = ['{', '{"inputs": []}', inferBody(values).slice(0, 5000)]
      const response =
        number % 2 === 0
          ? await postInfer(one.url, bodies[number % 3] as string)
          : await fetch(`${one.url}/classify`, { method: 'POST', body: picture.subarray(0, 60) })
      await response.text()
      expect([400, 429]).toContain(response.status)
      counts.bad++
      await pause(5)
    }
    /** A client that hangs up in the middle. */
    const leave = async () => {
      const aborter = new AbortController()
      const gone = fetch(`${one.url}/classify`, { method: 'POST', body: picture, signal: aborter.signal })
      setTimeout(() => aborter.abort(), 1)
      await gone.then((response) => response.text()).catch(() => undefined)
      await pause(20)
    }
    const reload = async () => {
      const path = join(one.models, 'lenet5.onnx')
      await writeFile(`${path}.new`, templateModel({ metadata: { round: String(counts.reloads++) } }))
      await rename(`${path}.new`, path)
      await pause(1500)
    }
    const lose = async () => {
      await pause(4000)
      await one.server.service.pool.threads[0]?.end('the soak ends it')
      counts.lost++
    }
    const health = async () => {
      expect((await fetch(`${one.url}/v2/health/live`)).status).toBe(200)
      counts.health++
      await pause(100)
    }
    const memory: number[] = []
    const measure = async () => {
      await pause(Math.min(5000, SECONDS * 100))
      memory.push(process.memoryUsage.rss())
    }
    let number = 0
    await Promise.all([
      ...Array.from({ length: 6 }, () => repeat(infer)),
      ...Array.from({ length: 6 }, () => repeat(classify)),
      ...[() => nonsense(number++), leave, reload, lose, health, measure].map(repeat),
    ])

    await until(() => one.server.service.ready && one.server.service.pool.alive === 2)
    expect(one.server.service.dispatcher.waiting).toBe(0)
    expect(await (await fetch(`${one.url}/metrics`)).text()).toMatch(/^mnist_models 1$/m)
    for (const count of [counts.right, counts.bad, counts.reloads, counts.lost, counts.health])
      expect(count).toBeGreaterThan(2)
    const settled = memory[Math.floor(memory.length / 2)] as number
    const last = Math.min(...memory.slice(-3))
    expect(last).toBeLessThan(GROWTH * settled + SLACK)
    expect(Math.max(...memory)).toBeLessThan(600 * 2 ** 20)
    console.info('soak', { ...counts, memory: memory.map((bytes) => Math.round(bytes / 2 ** 20)) })
  },
  (SECONDS + 60) * 1000,
)
