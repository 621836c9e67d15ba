/** Firefox by WebDriver BiDi (W3C): a WebSocket that the browser opens itself. No driver beside it is needed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../../support/commands.js'
import { type DrawnPage, drawingActions } from './drawn-page.js'

/** Path of the browser; the tests that need one are left out where it is not said. */
export const FIREFOX = process.env.FIREFOX

/** Node 20 has no WebSocket of its own; that of mnist-infer's undici. */
const { WebSocket } = createRequire(join(ROOT, 'packages', 'infer', 'package.json'))('undici') as {
  WebSocket: typeof globalThis.WebSocket
}

interface Evaluated {
  readonly result?: { readonly value: string }
  readonly exceptionDetails?: { readonly text: string }
}

export async function openFirefox(): Promise<DrawnPage> {
  const profile = await mkdtemp(join(tmpdir(), 'firefox-'))
  const args = ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', profile]
  const browser = spawn(FIREFOX as string, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise((resolve) => browser.once('exit', resolve))
  const connection = new Connection(await address(browser))
  await connection.opened
  await connection.send('session.new', { capabilities: {} })
  const { contexts } = await connection.send<{ contexts: { context: string }[] }>('browsingContext.getTree', {})
  const context = contexts[0]?.context
  return {
    goto: async (url) => void (await connection.send('browsingContext.navigate', { context, url, wait: 'complete' })),
    async evaluate<T>(expression: string) {
      const text = `(async () => JSON.stringify((await (${expression})) ?? null))()`
      const target = { context }
      const params = { expression: text, target, awaitPromise: true }
      const { result, exceptionDetails } = await connection.send<Evaluated>('script.evaluate', params)
      if (exceptionDetails !== undefined) throw new Error(`in the page: ${exceptionDetails.text}`)
      return JSON.parse(result?.value ?? 'null') as T
    },
    draw: async (points) =>
      void (await connection.send('input.performActions', { context, actions: drawingActions(points) })),
    async close() {
      await connection.send('browser.close', {})
      await ended
      await rm(profile, { recursive: true, force: true })
    },
  }
}

/** Firefox says it on its standard error, once it listens. */
function address(browser: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    browser.once('exit', (code) => reject(new Error(`firefox: expected it to start, found: it ended with ${code}`)))
    createInterface({ input: browser.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1]
      if (found !== undefined) resolve(`${found}/session`)
    })
  })
}

interface Answer {
  readonly id: number | null
  readonly result?: unknown
  readonly error?: string
  readonly message?: string
}

class Connection {
  readonly opened: Promise<void>
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  #lastId = 0

  constructor(url: string) {
    this.#socket = new WebSocket(url)
    this.opened = new Promise((resolve, reject) => {
      this.#socket.addEventListener('open', () => resolve())
      this.#socket.addEventListener('error', () => reject(new Error(`${url}: expected a WebSocket, found none`)))
    })
    this.#socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Answer))
  }

  send<T>(method: string, params: unknown): Promise<T> {
    const id = ++this.#lastId
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }

  #receive({ id, result, error, message }: Answer): void {
    const waiting = this.#waiting.get(id ?? 0)
    if (waiting === undefined) return
    this.#waiting.delete(id ?? 0)
    if (error === undefined) waiting.resolve(result)
    else waiting.reject(new Error(`${error}: ${message}`))
  }
}
